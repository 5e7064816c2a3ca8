"""A drill in a world that is there: round after round."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from alerts.drill._fault import Fault
from alerts.drill._pictures import draw
from alerts.drill._proof import Proof, prove
from alerts.drill._table import line
from alerts.drill._watch import wait_for_traffic
from alerts.drill._world import World, now

_LOWERED = 0.06  # above the share of memory that is used now


def run(
    world: World,
    rounds: Sequence[Sequence[Fault]],
    only: set[str],
    pictures: Path | None = None,
) -> list[Proof]:
    """Prove the alerts of each round's faults, or `only` those.

    `pictures` is a folder for one picture of each board that an alert leads to.
    """
    began = now()
    wait_for_traffic(world)
    print(f"visitors are known after {now() - began:.0f} s", flush=True)
    proofs: list[Proof] = []
    for faults in filter(None, map(_possible, rounds)):
        print(f"· {' + '.join(fault.name for fault in faults)}", flush=True)
        found, others = prove(world, faults, only, partial(draw, world, pictures))
        print("".join(f"    {line(proof)}\n" for proof in found), end="")
        print(f"    also fired: {', '.join(sorted(others)) or 'nothing'}", flush=True)
        proofs += found
    print(f"took {now() - began:.0f} s", flush=True)
    return proofs


def _possible(faults: Sequence[Fault]) -> list[Fault]:
    """Those that can be had here; says which can't."""
    for fault in faults:
        if fault.why_not() is not None:
            print(f"· {fault.name}: left out, {fault.why_not()}", flush=True)
    return [fault for fault in faults if fault.why_not() is None]


def usual_memory_bound() -> float:
    """A bound of HostMemoryLow a little above the share of memory that is used now."""
    lines = dict(
        line.split(":") for line in Path("/proc/meminfo").read_text().splitlines() if ":" in line
    )
    sizes = {name: int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable")}
    return min(0.9, 1 - sizes["MemAvailable"] / sizes["MemTotal"] + _LOWERED)
