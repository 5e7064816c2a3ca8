"""Interleaved slices: all servers of a round are up, and each in turn has a second of load."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT
from time import monotonic, sleep
from typing import TypeVar

from benchmarks.overhead._children import Child, free_port
from benchmarks.overhead._configurations import Configuration
from benchmarks.overhead._cores import Cores
from benchmarks.overhead._environments import Environments
from benchmarks.overhead._load import Generator, Load
from benchmarks.overhead._sample import Sample
from benchmarks.overhead._service import Service, running
from benchmarks.overhead._usage import cpu_seconds, resident_bytes, settle

_T = TypeVar("_T")
# Seconds; long enough for one export of the metrics, whose interval is 10 s.
REST = 20.0


@dataclass(frozen=True)
class Pace:
    """How many rounds of fresh servers, how many slices in each, and the seconds of each server's
    warm-up and of a slice."""

    rounds: int
    slices: int
    warm_up: float
    seconds: float


@dataclass
class Slice:
    """One slice of one server. Its CPU time is known once the server's next slice begins: what a
    request leaves to be done later is in it, however much later that is. What the server uses at
    rest meanwhile is not."""

    number: int
    load: Load
    before: float  # s of CPU
    ended: float  # s, on the monotonic clock
    used: float = 0.0
    rested: float = 0.0  # s, from its end until the next began
    resident: int = 0


class Measured:
    """A running server and its slices so far."""

    def __init__(self, configuration: Configuration, service: Service) -> None:
        self.configuration = configuration
        self.service = service
        self.slices: list[Slice] = []
        self._pids: list[int] = []
        self.rest = 0.0  # s of CPU a second

    def warm_up(self, generator: Generator, seconds: float) -> None:
        generator.run(self.service.url, seconds)
        self._pids = self.service.pids()
        settle(self._pids)

    def measure(self, generator: Generator, number: int, seconds: float) -> None:
        self.close()
        before = self.used()
        load = generator.run(self.service.url, seconds)
        self.slices.append(Slice(number, load, before, monotonic()))

    def close(self) -> None:
        """The newest slice is over."""
        if self.slices:
            newest = self.slices[-1]
            newest.used = self.used() - newest.before
            newest.rested = monotonic() - newest.ended
            newest.resident = resident_bytes(self._pids)

    def settle(self) -> None:
        settle(self._pids)

    def used(self) -> float:
        """CPU time so far, in s."""
        return cpu_seconds(self._pids)

    def samples(self, number: int) -> list[Sample]:
        """One a slice, once the server has ended."""
        return [
            Sample(
                configuration=self.configuration.name,
                round=number,
                slice=one.number,
                load=one.load,
                cpu_us=(one.used - self.rest * one.rested) / max(1, one.load.requests) * 1e6,
                resident_bytes=one.resident,
                served=self.service.served,
                arrived=self.service.arrived,
                rest_ms=self.rest * 1e3,
            )
            for one in self.slices
        ]


class Bench:
    """All that rounds need: the sink, the neighbour, the environments, the load."""

    def __init__(
        self, environments: Environments, generator: Generator, cores: Cores, folder: Path
    ) -> None:
        self.environments = environments
        self.generator = generator
        self.cores = cores
        self._folder = folder
        self._numbers = itertools.count()
        self._stack = ExitStack()

    def __enter__(self) -> Bench:
        self._sink = self._start("sink", "benchmarks.overhead.sink")
        self._neighbour = self._start("neighbour", "benchmarks.overhead.apps.neighbour")
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _start(self, name: str, module: str) -> str:
        port = free_port()
        child = Child(name, [sys.executable, "-m", module, str(port)], self._folder)
        self._stack.callback(child.stop, SIGINT)
        child.await_port(port)
        return f"http://127.0.0.1:{port}"

    @property
    def sink(self) -> str:
        """The address of a collection that nobody counts."""
        return f"{self._sink}/uncounted"

    @contextmanager
    def service(self, configuration: Configuration) -> Iterator[Service]:
        """A fresh server with a collection of its own at the sink."""
        number = next(self._numbers)
        folder = self._folder / str(number)
        folder.mkdir()
        with running(
            configuration,
            self.environments,
            self.cores,
            f"{self._sink}/{number}",
            self._neighbour,
            folder,
        ) as service:
            yield service

    def round(
        self, configurations: Sequence[Configuration], number: int, pace: Pace
    ) -> list[Sample]:
        """Fresh servers of all configurations, and their slices in turns.

        Raises:
            ChildFailed: a server did not start or end.
            LoadFailed: the generator gave no result.
        """
        with ExitStack() as running:
            servers = [
                Measured(one, running.enter_context(self.service(one))) for one in configurations
            ]
            for server in servers:
                server.warm_up(self.generator, pace.warm_up)
            for slice_number in range(pace.slices):
                # Each slice begins with another one, and every other goes backwards.
                for server in _turned(servers, slice_number)[:: 1 if slice_number % 2 else -1]:
                    server.measure(self.generator, slice_number, pace.seconds)
            for server in servers:
                server.settle()
                server.close()
            before = [server.used() for server in servers]
            sleep(REST)
            for server, used in zip(servers, before, strict=True):
                server.rest = (server.used() - used) / REST
        return [sample for server in servers for sample in server.samples(number)]


def interleaved(
    bench: Bench,
    configurations: Sequence[Configuration],
    pace: Pace,
    tell: Callable[[Sample], None],
) -> list[Sample]:
    """Every slice of every configuration in every round."""
    samples = []
    for number in range(pace.rounds):
        for sample in bench.round(_turned(configurations, number), number, pace):
            tell(sample)
            samples.append(sample)
    return samples


def _turned(things: Sequence[_T], by: int) -> list[_T]:
    first = by % len(things)
    return [*things[first:], *things[:first]]
