"""A service under load, its endpoint, and a fault between two phases."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos._reconcile import Result, Window, reconcile
from benchmarks.outage._arrived import Arrived, arrived
from benchmarks.outage._endpoint import Endpoint
from benchmarks.outage._load import Load, Made, between, latency
from benchmarks.outage._service import Service, clew_variables
from benchmarks.overhead._children import ChildFailed

_WARM_UP = 100
_POLL = 0.25  # s


@dataclass(frozen=True)
class Pace:
    """Seconds of each phase of a drill, and requests a second.

    `settle` is how long what is under way may take at most. It ends when all has arrived.
    """

    normal: float = 6.0
    fault: float = 12.0
    after: float = 4.0
    settle: float = 90.0
    rate: float = 45.0


@dataclass
class Bench:
    """What a fault can reach."""

    folder: Path
    endpoint: Endpoint
    service: Service
    load: Load
    marks: list[float] = field(default_factory=list)
    """When the fault began and ended, of time.monotonic."""

    @property
    def spool(self) -> Path:
        return self.folder / "spool"


@contextmanager
def bench(
    folder: Path, rate: float, variables: Mapping[str, str] = {}, words: tuple[str, ...] = ()
) -> Iterator[Bench]:
    """A service with clew and an endpoint that is well; both end with the block."""
    endpoint = Endpoint().open()
    try:
        own = {**clew_variables(folder), **variables}
        service = Service(folder, endpoint.url, variables=own, words=words)
        try:
            yield Bench(folder, endpoint, service, Load(service.port, rate))
        finally:
            with contextlib.suppress(ChildFailed):
                service.child.stop(signal.SIGTERM, 10.0)
    finally:
        endpoint.end()


def live_through(
    it: Bench, pace: Pace, begin: Callable[[Bench], object], end: Callable[[Bench], object]
) -> list[Made]:
    """Load before, during and after the fault; then wait until all has arrived, and end the
    service in order."""
    it.load.start()
    time.sleep(pace.normal)
    it.marks.append(time.monotonic())
    begin(it)
    time.sleep(pace.fault)
    end(it)
    it.marks.append(time.monotonic())
    time.sleep(pace.after)
    made = it.load.stop()
    settle(it, made, pace.settle)
    it.service.child.stop(signal.SIGTERM, 30.0)
    return made


def settle(it: Bench, made: Sequence[Made], seconds: float) -> None:
    """Wait until all of `made` has arrived, `seconds` at most."""
    answered = sum(1 for one in made if one.status)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = arrived(list(it.endpoint.kept))
        if min(len(found.spans), len(found.lines), found.requests) >= answered:
            return
        time.sleep(_POLL)


def result(drill: str, it: Bench, made: Sequence[Made], window: Window, note: str = "") -> Result:
    """The result of a drill at this endpoint."""
    return result_of(drill, made, arrived(it.endpoint.kept), it.marks, window, note)


def result_of(
    drill: str,
    made: Sequence[Made],
    found: Arrived,
    marks: Sequence[float],
    window: Window,
    note: str = "",
) -> Result:
    """The result of a drill whose fault lasted from the first to the second of `marks`."""
    begin, end = marks
    numbers = {one.number for one in made}
    warm = [one for one in made if one.number > _WARM_UP]
    return Result(
        drill=drill,
        made=len(made),
        spans=sum(1 for number in found.spans if number in numbers),
        lines=sum(1 for number in found.lines if number in numbers),
        counter=found.requests,
        copies=found.copies + found.copied_lines,
        dropped=found.dropped_by_reason(),
        normal=latency([*between(warm, 0, begin), *between(warm, end, float("inf"))]),
        during=latency(between(warm, begin, end)),
        broken=reconcile(made, found, window),
        note=note,
    )
