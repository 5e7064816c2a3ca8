"""python -m benchmarks.outage: what arrives of what was made around an outage of the endpoint."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.outage import _report
from benchmarks.outage._run import Plan, run
from benchmarks.overhead import _machine
from benchmarks.overhead._children import ROOT, ChildFailed
from benchmarks.overhead._environments import Environments, InstallFailed

_RESULTS = ROOT / "benchmarks" / "results"


def main() -> int:
    """0; 1 if clew lost or doubled anything; 2 if the run failed."""
    chosen = _arguments()
    plan = Plan(chosen.before, chosen.outage, chosen.after, chosen.rate, chosen.settle)
    try:
        environment = None
        if not chosen.alone:
            environments = Environments.of(os.environ, _tell)
            environment = environments.folder("opentelemetry")
        with tempfile.TemporaryDirectory(prefix="clew-outage-") as folder:
            outcomes = run(plan, Path(folder), environment, _tell)
    except (ChildFailed, InstallFailed) as error:
        print(error, file=sys.stderr)
        return 2
    print(_report.delivered(outcomes), _report.latencies(outcomes), sep="\n\n")
    _RESULTS.mkdir(parents=True, exist_ok=True)
    path = _RESULTS / f"outage-{time.strftime('%Y%m%d-%H%M%S')}.json"
    found = [one.summary() for one in outcomes]
    result = {"plan": vars(plan), "machine": _machine.describe(), "services": found}
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\n{path.relative_to(ROOT)}")
    clew = outcomes[0]
    whole = all(
        set(counts.values()) == {1} and len(counts) == clew.all_made
        for counts in (clew.arrived.spans, clew.arrived.lines)
    )
    return 0 if whole and clew.arrived.requests == clew.all_made else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage", description=__doc__)
    parser.add_argument("--outage", type=float, default=120, help="seconds (120)")
    parser.add_argument("--before", type=float, default=20, help="seconds (20)")
    parser.add_argument("--after", type=float, default=20, help="seconds (20)")
    parser.add_argument("--rate", type=float, default=45, help="requests a second to each (45)")
    parser.add_argument(
        "--settle", type=float, default=30, help="seconds to wait for stragglers at most (30)"
    )
    parser.add_argument("--alone", action="store_true", help="clew alone")
    return parser.parse_args()


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
