"""How long `import clew.auto` takes beyond importing FastAPI."""

from __future__ import annotations

import functools
import json
import os
import statistics
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.overhead._cores import Cores, pin

# Both are whole programs, timed from their first line: what both need is paid for in both.
_PROGRAM = """
import json, time
wall, cpu = time.perf_counter(), time.process_time()
{imports}
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""
_PROGRAMS = {"fastapi": "import fastapi", "clew": "import clew.auto, fastapi"}


@dataclass(frozen=True)
class ImportTime:
    """Seconds, wall and CPU, of each repetition: {"fastapi" or "clew": [(wall, cpu), …]}."""

    raw: Mapping[str, list[tuple[float, float]]]

    def beyond(self, clock: int) -> list[float]:
        """ms that clew adds, one for each repetition. `clock` 0 is wall time, 1 is CPU time."""
        pairs = zip(self.raw["clew"], self.raw["fastapi"], strict=True)
        return [(ours[clock] - bare[clock]) * 1_000 for ours, bare in pairs]

    def median(self, clock: int) -> float:
        return statistics.median(self.beyond(clock))


def measure(python: Path, sink: str, repetitions: int, cores: Cores) -> ImportTime:
    """Time both programs in turns. The first turn, which may write bytecode, does not count."""
    raw: dict[str, list[tuple[float, float]]] = {name: [] for name in _PROGRAMS}
    for repetition in range(repetitions + 1):
        for name, imports in _PROGRAMS.items():
            wall, cpu = _time(python, imports, sink, cores)
            if repetition:
                raw[name].append((wall, cpu))
    return ImportTime(raw)


def _time(python: Path, imports: str, sink: str, cores: Cores) -> tuple[float, float]:
    done = subprocess.run(
        [python, "-c", _PROGRAM.format(imports=imports)],
        env={"PATH": os.defpath, "OTEL_EXPORTER_OTLP_ENDPOINT": sink},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        preexec_fn=functools.partial(pin, cores.server) if cores.server else None,
    )
    wall, cpu = json.loads(done.stdout.splitlines()[-1])
    return wall, cpu
