"""One outage, and services that live through it together."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.outage._arrived import Arrived, arrived
from benchmarks.outage._endpoint import Endpoint
from benchmarks.outage._load import Load, Made, between, latency
from benchmarks.outage._service import OPENTELEMETRY, Service, clew_variables

PHASES = ("before", "during", "after")
_WARM_UP = 100  # requests that no latency is taken of: imports, caches
_POLL = 0.5  # s


@dataclass(frozen=True)
class Plan:
    """Seconds of each phase, and requests a second to each service."""

    before: float
    outage: float
    after: float
    rate: float
    settle: float


@dataclass(frozen=True)
class Outcome:
    """What one service made, by phase, and what of it arrived."""

    name: str
    made: Mapping[str, Sequence[Made]]
    arrived: Arrived

    @property
    def all_made(self) -> int:
        return sum(len(made) for made in self.made.values())

    def came(self, signal_name: str, phase: str) -> int:
        """Requests of `phase` of which "spans" or "lines" arrived."""
        found = getattr(self.arrived, signal_name)
        return sum(1 for one in self.made[phase] if found[one.number])

    def summary(self) -> dict[str, object]:
        return {
            "name": self.name,
            "made": {phase: len(made) for phase, made in self.made.items()},
            "failed_requests": sum(
                1 for made in self.made.values() for one in made if one.status != 200
            ),
            "spans": {phase: self.came("spans", phase) for phase in PHASES},
            "lines": {phase: self.came("lines", phase) for phase in PHASES},
            "counter": self.arrived.requests,
            "copies": {"spans": self.arrived.copies, "lines": self.arrived.copied_lines},
            "dropped": self.arrived.dropped_by_reason(),
            "latency_ms": {phase: vars(latency(warm(self.made[phase]))) for phase in self.made},
        }


def warm(made: Sequence[Made]) -> list[Made]:
    return [one for one in made if one.number > _WARM_UP]


@dataclass
class _Side:
    name: str
    endpoint: Endpoint
    service: Service
    load: Load


def run(
    plan: Plan, folder: Path, opentelemetry: Path | None, tell: Callable[[str], None]
) -> list[Outcome]:
    """clew, and `opentelemetry-instrument` of the environment `opentelemetry` (None: without it),
    through the same outage of their endpoints."""
    sides = [_clew(folder)]
    try:
        if opentelemetry is not None:
            sides.append(_opentelemetry(folder, opentelemetry))
        marks = _live_through(plan, sides, tell)
        return [_outcome(side, side.load.stop(), marks) for side in sides]
    finally:
        for side in sides:
            side.service.child.kill()
            side.endpoint.end()


def _clew(folder: Path) -> _Side:
    endpoint = Endpoint().open()
    own = clew_variables(folder)
    service = Service(folder / "clew", endpoint.url, variables=own)
    return _Side("clew", endpoint, service, Load(service.port, 1.0))


def _opentelemetry(folder: Path, environment: Path) -> _Side:
    endpoint = Endpoint().open()
    service = Service(
        folder / "opentelemetry",
        endpoint.url,
        ("opentelemetry-instrument",),
        environment / "bin",
        OPENTELEMETRY,
    )
    return _Side("opentelemetry-instrument", endpoint, service, Load(service.port, 1.0))


def _live_through(plan: Plan, sides: Sequence[_Side], tell: Callable[[str], None]) -> list[float]:
    """The times at which the phases began, and the last ended."""
    marks = [time.monotonic()]
    for side in sides:
        side.load = Load(side.service.port, plan.rate).start()
    time.sleep(plan.before)
    tell(f"the endpoints go away for {plan.outage:g} s")
    marks.append(time.monotonic())
    for side in sides:
        side.endpoint.close()
    time.sleep(plan.outage)
    marks.append(time.monotonic())
    for side in sides:
        side.endpoint.open()
    tell("the endpoints are back")
    time.sleep(plan.after)
    made = [side.load.stop() for side in sides]
    marks.append(time.monotonic())
    deadline = marks[-1] + plan.settle
    while time.monotonic() < deadline and not all(map(_complete, sides, made)):
        time.sleep(_POLL)
    for side in sides:  # uvicorn runs what is registered for the end only at SIGINT
        side.service.child.stop(signal.SIGINT, 60.0)
    return marks


def _complete(side: _Side, made: Sequence[Made]) -> bool:
    found = arrived(list(side.endpoint.kept))
    return min(len(found.spans), len(found.lines), found.requests) >= len(made)


def _outcome(side: _Side, made: Sequence[Made], marks: Sequence[float]) -> Outcome:
    phases = {
        phase: between(made, begin, end)
        for phase, begin, end in zip(PHASES, marks, marks[1:], strict=False)
    }
    return Outcome(side.name, phases, arrived(side.endpoint.kept))
