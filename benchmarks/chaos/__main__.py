"""python -m benchmarks.chaos: ends, blocks and starves each part under load; counts reconcile."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.chaos import _answers, _faults, _parts, _workers
from benchmarks.chaos._bench import Pace
from benchmarks.chaos._reconcile import Result
from benchmarks.chaos._stack import PARTS
from benchmarks.chaos._table import table
from benchmarks.overhead import _machine
from benchmarks.overhead._children import ROOT

_RESULTS = ROOT / "benchmarks" / "results"
_LONG, _SHORT = 600.0, 30.0  # s that the long outage takes

SERVICE: Mapping[str, Callable[[Path, Pace], Result]] = {
    "outage": _faults.outage,
    "black-hole": _faults.black_hole,
    "silent-port": _faults.silent_port,
    "slow": _faults.slow,
    "full-disk": _faults.full_disk,
    "small-spool": _faults.small_spool,
    "sigterm": _faults.sigterm,
    "worker": _workers.worker,
    "worker-in-outage": _workers.worker_in_outage,
    "worker-in-hang": _workers.worker_in_hang,
    "answers": _answers.answers,
}


def main() -> int:
    """0; 1 if a promise was broken, or a drill could not be held."""
    chosen = _arguments()
    names = chosen.only or [*SERVICE, *PARTS]
    with tempfile.TemporaryDirectory(prefix="clew-chaos-") as folder:
        results, failed = _drills(names, Path(folder), Pace(rate=chosen.rate), chosen.short)
    print(table(results))
    _keep(results)
    for name in failed:
        print(f"{name}: the drill could not be held", file=sys.stderr)
    return 1 if failed or any(one.broken for one in results) else 0


def _drills(
    names: Sequence[str], folder: Path, pace: Pace, short: bool
) -> tuple[list[Result], list[str]]:
    """The results, and the names of the drills that ended with an error."""
    results: list[Result] = []
    failed = []
    long = dataclasses.replace(pace, fault=_SHORT if short else _LONG)
    for name in (one for one in SERVICE if one in names):
        if name == "full-disk" and os.geteuid():
            _tell("full-disk is left out: only root may mount a small disk for it")
            continue
        _tell(f"{name} ...")
        try:
            results.append(SERVICE[name](folder / name, long if name == "outage" else pace))
        except Exception:  # the others are held all the same
            traceback.print_exc()
            failed.append(name)
    wanted = [one for one in PARTS if one in names]
    if wanted:
        _tell(f"kill -9 of {', '.join(wanted)} ...")
        try:
            results.extend(_parts.parts(wanted, folder, pace))
        except Exception:
            traceback.print_exc()
            failed.extend(wanted)
    return results, failed


def _keep(results: Sequence[Result]) -> None:
    _RESULTS.mkdir(parents=True, exist_ok=True)
    path = _RESULTS / f"chaos-{time.strftime('%Y%m%d-%H%M%S')}.json"
    found = {
        "machine": _machine.describe(),
        "drills": [dataclasses.asdict(one) for one in results],
    }
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"\n{path.relative_to(ROOT)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="30 s in place of the 10 minutes")
    parser.add_argument("--rate", type=float, default=45, help="requests a second (45)")
    known = [*SERVICE, *PARTS]
    parser.add_argument(
        "--only", nargs="+", metavar="DRILL", choices=known, help=f"of {', '.join(known)}"
    )
    return parser.parse_args()


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
