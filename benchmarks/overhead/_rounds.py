"""Interleaved rounds: every configuration once, then all of them again."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

from benchmarks.overhead._children import Child, free_port
from benchmarks.overhead._configurations import Configuration
from benchmarks.overhead._cores import Cores
from benchmarks.overhead._environments import Environments
from benchmarks.overhead._load import Generator
from benchmarks.overhead._sample import Sample
from benchmarks.overhead._service import Service, running
from benchmarks.overhead._usage import cpu_seconds, resident_bytes, settle


@dataclass(frozen=True)
class Pace:
    """How many rounds, and the seconds of warm-up and of measurement in each."""

    rounds: int
    warm_up: float
    seconds: float


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

    def measure(self, configuration: Configuration, number: int, pace: Pace) -> Sample:
        """One round of one configuration.

        Raises:
            ChildFailed: the server did not start or end.
            LoadFailed: the generator gave no result.
        """
        with self.service(configuration) as service:
            self.generator.run(service.url, pace.warm_up)
            pids = service.pids()
            settle(pids)
            before = cpu_seconds(pids)
            load = self.generator.run(service.url, pace.seconds)
            settle(pids)
            used = cpu_seconds(pids) - before
            resident = resident_bytes(pids)
        return Sample(
            configuration=configuration.name,
            round=number,
            load=load,
            cpu_us=used / max(1, load.requests) * 1e6,
            resident_bytes=resident,
            served=service.served,
            arrived=service.arrived,
        )


def interleaved(
    bench: Bench,
    configurations: Sequence[Configuration],
    pace: Pace,
    tell: Callable[[Sample], None],
) -> list[Sample]:
    """Every round of every configuration; each round begins with another one."""
    samples = []
    for number in range(pace.rounds):
        first = number % len(configurations)
        for configuration in (*configurations[first:], *configurations[:first]):
            sample = bench.measure(configuration, number, pace)
            tell(sample)
            samples.append(sample)
    return samples
