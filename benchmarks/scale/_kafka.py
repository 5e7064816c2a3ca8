"""CPU time of each hop where Kafka is between agent and gateway, and what the broker writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.overhead._usage import cpu_seconds, resident_bytes, settle
from benchmarks.scale import _gateway
from benchmarks.scale._gateway import TAIL, Cost, Runs, requests, summed
from benchmarks.scale._null import null
from benchmarks.scale._payload import Recorded
from benchmarks.scale._send import send_all
from benchmarks.scale._stores import disk_bytes
from tests.collector.running import (
    KAFKA_GROUP,
    KAFKA_TOPICS,
    Collector,
    agent,
    free_ports,
    gateway,
)
from tests.e2e.wait import wait_until
from tests.support.kafka import Broker, broker

_FLEET = "otelcol-fleet"
_BY_TRACE = "options/agent_to_kafka_by_trace.yaml"


@dataclass(frozen=True)
class _Variant:
    """`label` stands behind the hop's name; `times` is how often the usual requests are sent."""

    label: str
    of_agent: tuple[str, ...] = ()
    of_gateway: tuple[str, ...] = ()
    signals: tuple[str, ...] = ("traces",)
    times: float = 1.0


_VARIANTS = (
    # Often: the broker does so little for each that its idling would be seen.
    _Variant("", signals=("traces", "logs", "metrics"), times=2.0),
    # Seldom: the gateway syncs its disk for each trace.
    _Variant(", by trace", (_BY_TRACE,), times=0.1),
    _Variant(", by trace, tail sampling", (_BY_TRACE,), ("options/sampling_tail.yaml",)),
)
_PARTITIONS = 3
_IDLE_S = 5.0


@dataclass(frozen=True)
class Written:
    """Bytes that the broker's folder grew by, for each item."""

    variant: str
    signal: str
    disk_bytes: float


@dataclass(frozen=True)
class _Hops:
    """The three processes, each with the name that its row gets."""

    pids: dict[str, int]

    def used(self) -> dict[str, float]:
        return {hop: cpu_seconds([pid]) for hop, pid in self.pids.items()}

    def idle(self) -> dict[str, float]:
        """CPU seconds a second while nothing comes: a broker and its readers never quite rest."""
        before = self.used()
        time.sleep(_IDLE_S)
        return {hop: (used - before[hop]) / _IDLE_S for hop, used in self.used().items()}


def measure(
    folder: Path, recorded: dict[str, Recorded], rounds: int = _gateway.ROUNDS
) -> Iterator[Cost | Written]:
    """Each variant in interleaved rounds; what each of the three uses when idle is taken off."""
    bodies = requests(recorded)
    runs: Runs = {}
    written: dict[tuple[str, str], float] = {}
    for turn in range(rounds):
        for number, variant in enumerate(_VARIANTS):
            place = folder / f"{turn}-{number}"
            with (
                null(place / "null") as sink,
                broker(place / "broker", free_ports(2)) as kafka,
                agent(
                    place / "agent", "options/agent_to_kafka.yaml", *variant.of_agent,
                    gateway=sink.grpc, program=_FLEET, CLEW_KAFKA_ADDRESS=kafka.address,
                ) as near,
            ):  # fmt: skip
                kafka.make_topics(KAFKA_TOPICS.values(), _PARTITIONS)
                with gateway(
                    place / "gateway", "options/gateway_from_kafka.yaml", *variant.of_gateway,
                    jaeger=sink.grpc, loki=sink.loki, prometheus=sink.prometheus,
                    program=_FLEET, CLEW_KAFKA_ADDRESS=kafka.address, **TAIL,
                ) as far:  # fmt: skip
                    hops = _hops(near, kafka, far, variant.label)
                    for signal in variant.signals:
                        sent = _as_often(bodies[signal], variant.times)
                        _pass(near, kafka, hops, signal, _as_often(sent, 0.25))
                        grew = _one(near, kafka, hops, signal, sent, recorded[signal].items, runs)
                        written[variant.label, signal] = grew
    yield from summed(runs)
    for (label, signal), grew in written.items():
        yield Written(f"Kafka{label}", signal, grew)


def _as_often(bodies: list[bytes], times: float) -> list[bytes]:
    """The requests, again from the start where `times` is more than one."""
    count = max(1, round(len(bodies) * times))
    return [bodies[number % len(bodies)] for number in range(count)]


def _hops(near: Collector, kafka: Broker, far: Collector, label: str) -> _Hops:
    assert near.process is not None
    assert far.process is not None
    assert kafka.process is not None
    return _Hops(
        {
            f"agent to Kafka{label}": near.process.pid,
            f"Kafka{label}": kafka.process.pid,
            f"gateway from Kafka{label}": far.process.pid,
        }
    )


def _one(
    near: Collector, kafka: Broker, hops: _Hops, signal: str, sent: list[bytes], each: int,
    runs: Runs,
) -> float:  # fmt: skip
    """Send them, note what each hop used, and return the bytes that the broker wrote, for each."""
    items = each * len(sent)
    settle([*hops.pids.values()], most=20.0, quiet=0.08, look=2.0)
    idle, held = hops.idle(), disk_bytes(kafka.data)
    began, before = time.monotonic(), hops.used()
    _pass(near, kafka, hops, signal, sent)
    seconds = time.monotonic() - began
    for hop, used in hops.used().items():
        own = used - before[hop] - idle[hop] * seconds
        resident = resident_bytes([hops.pids[hop]]) / 2**20
        runs.setdefault((hop, signal), []).append((own / items * 1e6, resident))
    return (disk_bytes(kafka.data) - held) / items


def _pass(near: Collector, kafka: Broker, hops: _Hops, signal: str, sent: list[bytes]) -> None:
    """Until the gateway has said that it is done with all, and its queues have drained."""
    send_all(near.http, signal, sent)
    settle([*hops.pids.values()], most=60.0, quiet=0.2, look=1.0)
    topics = KAFKA_TOPICS.values()
    wait_until(lambda: kafka.waiting(KAFKA_GROUP, topics) == 0, "the gateway to read all", 120.0)
    # A tail sampler decides 2 s later.
    settle([*hops.pids.values()], most=20.0, quiet=0.2, look=3.0)
