"""What clew adds to a request, and the committed figures that it is held to."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURES = Path(__file__).with_name("operations.json")
RENEW = "python -m benchmarks.path --renew"
ALLOWED_GROWTH = 0.10
_NUMBER = {"operations": 50, "time": 1_500, "python time": 1_500}


@dataclass(frozen=True)
class Cost:
    """For one request: what clew adds on the request path, and what the export thread does.

    In operations of the interpreter, or in microseconds. `bare` is the request without clew.
    """

    bare: float
    request: float
    export: float

    @property
    def total(self) -> float:
        return self.request + self.export


def measure(case: str, unit: str) -> Cost:
    """The cost of `case` in a process of its own; `unit` is "operations", "time", or
    "python time", without the compiled modules.

    Raises:
        RuntimeError: the process failed; says what it printed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.path._child", case, unit, str(_NUMBER[unit])],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"Case {case!r} could not be measured:\n{done.stderr[-4_000:]}")
    found = json.loads(done.stdout)
    bare, clew = found["bare"], found["clew"]
    return Cost(
        bare=bare["request"],
        request=round(clew["request"] - bare["request"], 1),
        export=round(clew["export"] - bare["export"], 1),
    )


def _environment() -> dict[str, str]:
    """Nothing of the caller's settings for telemetry, and sets in the same order each time."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "CLEW_"))}
    return {**kept, "PYTHONHASHSEED": "0"}


def this_python() -> str:
    """Bytecode differs from one minor version to the next, so figures are kept for each."""
    return ".".join(platform.python_version_tuple()[:2])


def committed() -> Mapping[str, Mapping[str, float]]:
    """{case: {"request": operations, "export": operations}} for this Python; {} if none."""
    figures: Mapping[str, Mapping[str, Mapping[str, float]]] = json.loads(FIGURES.read_text())
    return figures.get(this_python(), {})


def commit(costs: Mapping[str, Cost]) -> None:
    """Write these figures for this Python; those of other versions stay."""
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known[this_python()] = {
        case: {"request": cost.request, "export": cost.export} for case, cost in costs.items()
    }
    ordered = dict(sorted(known.items(), key=lambda one: [int(n) for n in one[0].split(".")]))
    FIGURES.write_text(json.dumps(ordered, indent=2) + "\n")
