"""From measured costs to machines: what a rate of requests needs at each hop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# What one request makes, as in the recorded service; a shop's request crosses several services,
# and each counts as one here.
SPANS, LINES = 2, 3
# Data points of one instance each 10 s, and requests a second that one instance serves.
POINTS, INTERVAL_S, REQUESTS_AN_INSTANCE = 60, 10.0, 100.0
# A core that is busy for longer than this share of the time answers late.
BUSY = 0.6


@dataclass(frozen=True)
class Costs:
    """CPU seconds for a million items, by hop and signal; bytes on the wire and on disk for one."""

    cpu_s: Mapping[tuple[str, str], float]
    wire_bytes: Mapping[str, float]
    disk_bytes: Mapping[str, float]


@dataclass(frozen=True)
class Need:
    """What `spans` a second need: cores by hop, and bytes."""

    spans: float
    instances: float
    cores: Mapping[str, float]
    wire_mb_s: float
    disk_gb_day: Mapping[str, float]


def needs(costs: Costs, spans: float) -> Need:
    """Cores so that each is busy for 60 % of the time at most; nothing for peaks or failures."""
    requests = spans / SPANS
    instances = max(1.0, requests / REQUESTS_AN_INSTANCE)
    rates = {
        "traces": spans,
        "logs": requests * LINES,
        "metrics": instances * POINTS / INTERVAL_S,
    }
    cores: dict[str, float] = {}
    for (hop, signal), seconds in costs.cpu_s.items():
        cores[hop] = cores.get(hop, 0.0) + rates[signal] * seconds / 1e6 / BUSY
    wire = sum(rates[signal] * costs.wire_bytes[signal] for signal in rates)
    disk = {
        signal: rates[signal] * each * 86_400 / 1e9 for signal, each in costs.disk_bytes.items()
    }
    return Need(spans, instances, cores, wire / 1e6, disk)


def ladder(costs: Costs) -> Iterator[Need]:
    """From one service to a million spans a second."""
    for spans in (100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0):
        yield needs(costs, spans)
