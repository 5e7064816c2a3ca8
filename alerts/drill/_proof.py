"""One fault's proof: fired, told, its links lead to data and to the cause, resolved."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.drill._fault import Fault
from alerts.drill._links import Found, follow
from alerts.drill._watch import Wanted, active, matches, muted_by, told, wait_until_gone
from alerts.drill._world import World, now

MOST_STEPS = 3  # clicks or commands from the page to the log line of the cause
_FIRE_S, _RESOLVE_S, _BEFORE_S = 180.0, 300.0, 120.0


@dataclass
class Proof:
    """What became of one alert. Times are seconds: after the injection, or after the removal.

    `steps` is how many clicks or commands led from it to the line of the cause.
    """

    wanted: Wanted
    fault: str
    cause: str
    fired: float | None = None
    told: float | None = None
    muted_by: str = ""
    found: Found = field(default_factory=Found)
    steps: int | None = None
    resolved: float | None = None

    @property
    def alert(self) -> str:
        return self.wanted[0]

    @property
    def heard(self) -> bool:
        """On-call was told, or a rule muted it."""
        return self.told is not None or bool(self.muted_by)

    @property
    def good(self) -> bool:
        ended = self.fired is not None and self.resolved is not None
        return ended and self.heard and not self.broken

    @property
    def broken(self) -> str:
        """What was wrong with where it leads."""
        problems = list(self.found.problems)
        if self.fired is not None and self.steps is None:
            problems.append(f"nothing within {MOST_STEPS} steps shows {self.cause!r}")
        return "; ".join(problems)


def prove(
    world: World, faults: Sequence[Fault], only: set[str], show: Callable[[list[Any]], None]
) -> tuple[list[Proof], set[str]]:
    """Bring faults about, all at once, and wait for their alerts; remove them, and wait again.

    `show` is called with the alerts while they fire. Also returns the names of other alerts that
    fired meanwhile.
    """
    proofs = [
        Proof(wanted, fault.name, fault.cause)
        for fault in faults
        for wanted in fault.alerts
        if not only or wanted[0] in only
    ]
    for wanted in wait_until_gone(world, [proof.wanted for proof in proofs], _BEFORE_S):
        early = next(proof for proof in proofs if proof.wanted == wanted)
        early.found.problems.append("fired before the fault")
    for fault in faults:
        fault.before(world)
    began, began_at = now(), time.time()
    try:
        for fault in faults:
            fault.inject(world)
        while now() - began < _FIRE_S and not all(p.fired is not None and p.heard for p in proofs):
            _look(world, proofs, began, began_at)
            time.sleep(0.5)
        firing = active(world)
        others = {one["labels"]["alertname"] for one in firing} - {p.alert for p in proofs}
        for proof in proofs:
            if proof.fired is not None:
                _follow(world, proof)
        show([one for p in proofs for one in firing if matches(one, p.wanted)])
    finally:
        for fault in faults:
            fault.remove(world)
    _wait_until_resolved(world, proofs)
    return proofs, others


def _look(world: World, proofs: list[Proof], began: float, began_at: float) -> None:
    firing, notified = active(world), told(world, began_at)
    for proof in proofs:
        for one in firing:
            if matches(one, proof.wanted):
                if proof.fired is None:
                    proof.fired = now() - began
                if proof.told is None:
                    proof.muted_by = muted_by(one, firing)
        for one in notified:
            if proof.told is None and matches(one, proof.wanted):
                proof.told, proof.muted_by = one["received"] - began_at, ""


def _follow(world: World, proof: Proof) -> None:
    found = [one for one in active(world) if matches(one, proof.wanted)]
    if not found:
        proof.found.problems.append("gone before its links were followed")
        return
    problems = proof.found.problems
    proof.found = follow(world, found[0])
    proof.found.problems += problems
    near = [steps for steps, text in proof.found.answers if re.search(proof.cause, text)]
    proof.steps = min((steps for steps in near if steps <= MOST_STEPS), default=None)


def _wait_until_resolved(world: World, proofs: list[Proof]) -> None:
    began = now()
    left = [proof for proof in proofs if proof.fired is not None]
    while left and now() - began < _RESOLVE_S:
        firing = active(world)
        for proof in left:
            if not any(matches(one, proof.wanted) for one in firing):
                proof.resolved = now() - began
        left = [proof for proof in left if proof.resolved is None]
        time.sleep(0.5)
