"""A drill in a world that is there: fault after fault, or a few at once."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from alerts.drill._faults import Fault
from alerts.drill._pictures import draw
from alerts.drill._proof import Proof, prove
from alerts.drill._table import line
from alerts.drill._watch import wait_for_traffic
from alerts.drill._world import World, now

_LOWERED = 0.06  # above the share of memory that is used now


def run(
    world: World,
    faults: list[Fault],
    only: set[str],
    short: bool,
    pictures: Path | None = None,
) -> list[Proof]:
    """Prove each fault's alerts; with `short` all faults are there at once.

    `pictures` is a folder for one picture of each board that an alert leads to.
    """
    began = now()
    possible = []
    for fault in faults:
        why_not = fault.why_not()
        if why_not is None:
            possible.append(fault)
        else:
            print(f"· {fault.name}: left out, {why_not}", flush=True)
    wait_for_traffic(world, usual=not short)
    print(f"visitors are known after {now() - began:.0f} s", flush=True)
    proofs: list[Proof] = []
    for at_once in [possible] if short else [[fault] for fault in possible]:
        named = " + ".join(fault.name for fault in at_once)
        print(f"· {time.strftime('%H:%M:%S')} {named}", flush=True)
        found, others = prove(world, at_once, only, partial(draw, world, pictures))
        print("".join(f"    {line(proof)}\n" for proof in found), end="")
        print(f"    also fired: {', '.join(sorted(others)) or 'nothing'}", flush=True)
        proofs += found
    print(f"took {now() - began:.0f} s", flush=True)
    return proofs


def usual_memory_bound() -> float:
    """A bound of HostMemoryLow a little above the share of memory that is used now."""
    lines = dict(
        line.split(":") for line in Path("/proc/meminfo").read_text().splitlines() if ":" in line
    )
    sizes = {name: int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable")}
    return min(0.9, 1 - sizes["MemAvailable"] / sizes["MemTotal"] + _LOWERED)
