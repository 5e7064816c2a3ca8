"""What telemetry costs. See benchmarks/README.md for the method.

    python -m benchmarks.overhead [--rounds 5] [--seconds 5] [--only NAME]...

Exit code: 0, or 1 if a round is void or a process failed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.overhead import _imports, _machine, _memory, _table, _targets
from benchmarks.overhead._children import ROOT, ChildFailed
from benchmarks.overhead._configurations import BY_NAME, Configuration, with_references
from benchmarks.overhead._cores import Cores, pin
from benchmarks.overhead._environments import Environments, InstallFailed
from benchmarks.overhead._load import HOW_TO_INSTALL, Generator, LoadFailed
from benchmarks.overhead._rounds import Bench, Pace, interleaved
from benchmarks.overhead._sample import Sample
from benchmarks.overhead._summary import summary, voids

RESULTS = ROOT / "benchmarks" / "results"
_REMEMBERED = ("bare", "clew", "bare, text line", "clew, JSON line")


def main(words: list[str]) -> int:
    options = _options(words)
    environments = Environments.of(os.environ, _say)
    cores = Cores.choose()
    generator = Generator(options.connections)
    if generator.bundled:
        _say(f"{HOW_TO_INSTALL}; the weaker bundled generator is used.")
    configurations = with_references(options.only)
    result: dict[str, Any] = {
        "began": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "options": vars(options),
        "load": str(generator),
        "cores": str(cores),
        "machine": _machine.describe(),
    }
    try:
        for name in sorted({one.environment for one in configurations}):
            result.setdefault("versions", {})[name] = environments.versions(name)
        pin(cores.others)
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            Bench(environments, generator, cores, Path(folder)) as bench,
        ):
            void = _measure(bench, configurations, options, result)
    except (ChildFailed, InstallFailed, LoadFailed) as failed:
        _say(str(failed))
        return 1
    _say(f"\nwritten: {_write(result).relative_to(ROOT)}")
    return 1 if void else 0


def _measure(
    bench: Bench,
    configurations: list[Configuration],
    options: argparse.Namespace,
    result: dict[str, Any],
) -> list[str]:
    """Measure and print everything; return why rounds are void."""
    pace = Pace(options.rounds, options.slices, options.warm_up, options.seconds)
    samples = interleaved(bench, configurations, pace, _tell)
    rows = summary(configurations, samples)
    verdicts = _targets.from_rounds(rows)
    result["rounds"] = [one.as_json() for one in samples]
    _say(f"\n{_heading(bench, pace)}\n{_table.rounds_table(rows)}")
    if options.memory_requests:
        remembered = [one for one in configurations if one.name in _REMEMBERED]
        looks = [_memory.measure(bench, one, options.memory_requests) for one in remembered]
        result["memory"] = [asdict(look) for look in looks]
        verdicts += _targets.from_memory(looks)
        _say(f"\nmemory after {options.memory_requests:,} requests")
        _say(_table.memory_table(looks))
    if options.imports:
        python = bench.environments.folder("clew") / "bin" / "python"
        times = _imports.measure(python, bench.sink, options.imports, bench.cores)
        result["imports"] = asdict(times)
        verdicts += _targets.from_imports(times)
        _say(f"\n{_table.import_line(times)}")
    result["targets"] = [{**asdict(one), "met": one.met} for one in verdicts]
    if verdicts:
        _say(f"\n{_targets.verdicts_table(verdicts)}")
    result["void"] = void = voids(configurations, samples)
    for sentence in void:
        _say(f"VOID {sentence}")
    return void


def _heading(bench: Bench, pace: Pace) -> str:
    return (
        f"{pace.rounds} rounds of {pace.slices} slices of {pace.seconds:g} s, {bench.generator}, "
        "GET /users/1, one worker, "
        f"uvicorn with httptools and uvloop; {bench.cores}; clew "
        + ("with its compiled modules" if bench.environments.compiled() else "in Python alone")
    )


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of fresh servers")
    parser.add_argument("--slices", type=int, default=10, help="of each server, in turns")
    parser.add_argument("--seconds", type=float, default=1.0, help="whole ones; of a slice")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds, of each server")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--memory-requests", type=int, default=100_000, help="0: do not measure")
    parser.add_argument("--imports", type=int, default=15, help="repetitions; 0: do not measure")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=sorted(BY_NAME),
        metavar="NAME",
        help="a configuration, with its reference; may be repeated. One of: "
        + "; ".join(sorted(BY_NAME)),
    )
    return parser.parse_args(words)


def _write(result: dict[str, Any]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"overhead-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path


def _tell(sample: Sample) -> None:
    _say(
        f"round {sample.round + 1}.{sample.slice + 1:<3} {sample.configuration:34} "
        f"{sample.load.rate:8,.0f} requests/s"
        f" {sample.cpu_us:8.1f} µs"
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
