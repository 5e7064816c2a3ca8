"""Resident memory after many requests, and after as many again: the second shows growth."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.overhead._configurations import Configuration
from benchmarks.overhead._rounds import Bench
from benchmarks.overhead._usage import resident_bytes, settle

_STEP = 2.0  # s of load between two looks
_MOST_STEPS = 300


@dataclass(frozen=True)
class Memory:
    """Resident bytes after about `requests`, and after about twice as many."""

    configuration: str
    requests: int
    resident_bytes: int
    twice_resident_bytes: int


def measure(bench: Bench, configuration: Configuration, requests: int) -> Memory:
    """Serve `requests`, look, serve as many again, look.

    Raises:
        ChildFailed: the server did not start or end.
        LoadFailed: the generator gave no result.
    """
    with bench.service(configuration) as service:
        looks = []
        answered = 0
        for goal in (requests, 2 * requests):
            for _ in range(_MOST_STEPS):
                if answered >= goal:
                    break
                answered += bench.generator.run(service.url, _STEP).requests
            pids = service.pids()
            settle(pids)
            looks.append(resident_bytes(pids))
    return Memory(configuration.name, requests, *looks)
