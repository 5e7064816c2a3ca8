"""What the parts measured, kept between runs so that the model can be made of them."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.overhead._children import ROOT
from benchmarks.scale._model import Costs

FILE = ROOT / "benchmarks" / "results" / "scale.json"
# The hops of the model, and where each is measured.
HOPS = ("agent", "gateway", "gateway, tail sampling", "jaeger", "loki", "prometheus")


def keep(kind: str, name: str, value: float, file: Path = FILE) -> None:
    """Put one figure beside those that are there. `kind` is cpu, wire or disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    held = json.loads(file.read_text()) if file.exists() else {}
    held.setdefault(kind, {})[name] = value
    file.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n")


def costs(sampled: bool, file: Path = FILE) -> Costs:
    """The figures as the model wants them.

    Raises:
        FileNotFoundError: nothing was measured yet.
    """
    held = json.loads(file.read_text())
    cpu: dict[tuple[str, str], float] = {}
    for name, value in held["cpu"].items():
        hop, _, signal = name.rpartition("/")
        if hop not in HOPS:
            continue
        if hop == "gateway, tail sampling":
            if sampled:
                cpu["gateway", signal] = value
        elif not (sampled and (hop, signal) == ("gateway", "traces")):
            cpu[hop, signal] = value
    return Costs(cpu, held["wire"], held["disk"])
