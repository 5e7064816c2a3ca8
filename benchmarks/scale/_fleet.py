"""Fleets: many instances, each with a connection and series of its own, at one rate each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.chaos._stack import Stack
from benchmarks.overhead._usage import cpu_seconds, resident_bytes
from benchmarks.scale._payload import Recorded, again
from benchmarks.scale._send import Sender
from benchmarks.scale._stores import series

# As clew: metrics every 10 s. Requests: 2 a second of each instance, in one export every 10 s.
INTERVAL_S = 10.0
_THREADS = 8


@dataclass(frozen=True)
class Load:
    """What a fleet cost over `seconds`: shares of one core, and memory at the end."""

    instances: int
    seconds: float
    late: int
    series: int
    gateway_cores: float
    prometheus_cores: float
    jaeger_cores: float
    loki_cores: float
    gateway_mib: float
    prometheus_mib: float


class _Instance:
    """One process of a service, as the collector sees it."""

    def __init__(self, url: str, name: str) -> None:
        self.sender = Sender(url)
        self.name = name


def measure(
    stack: Stack,
    recorded: dict[str, Recorded],
    instances: int,
    ticks: int,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Load:
    """`instances` that send each of the recorded requests every 10 s, for `ticks` times that."""
    fleet = [_Instance(stack.endpoint, f"fleet-{instances}-{n}") for n in range(instances)]
    parts = {name: [stack.pid(name)] for name in ("collector", "prometheus", "jaeger", "loki")}
    late = [0]
    # The first round makes the series, and is not counted.
    _round(fleet[:instances], recorded, clock(), late, clock, sleep)
    before = {name: cpu_seconds(pids) for name, pids in parts.items()}
    began, late[0] = clock(), 0
    for tick in range(ticks):
        _round(fleet, recorded, began + tick * INTERVAL_S, late, clock, sleep)
    sleep(max(0.0, began + ticks * INTERVAL_S - clock()))
    seconds = clock() - began
    cores = {name: (cpu_seconds(pids) - before[name]) / seconds for name, pids in parts.items()}
    for each in fleet:
        each.sender.close()
    return Load(
        instances,
        seconds,
        late[0],
        series(stack),
        cores["collector"],
        cores["prometheus"],
        cores["jaeger"],
        cores["loki"],
        resident_bytes(parts["collector"]) / 2**20,
        resident_bytes(parts["prometheus"]) / 2**20,
    )


def _round(
    fleet: list[_Instance],
    recorded: dict[str, Recorded],
    begin: float,
    late: list[int],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Each instance sends once, spread over the interval; `late` counts those past their time."""

    def work(share: int) -> None:
        mine = fleet[share::_THREADS]
        for number, instance in enumerate(mine):
            due = begin + INTERVAL_S * number / max(1, len(mine))
            wait = due - clock()
            if wait > 0:
                sleep(wait)
            elif wait < -1.0:
                late[0] += 1
            for signal, each in recorded.items():
                instance.sender.send(signal, again(each, instance.name))

    threads = [threading.Thread(target=work, args=(share,)) for share in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
