"""What one export request holds, decoded and clipped, on its way to the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class SpanRow(NamedTuple):
    """One span. Times in nanoseconds; ids as raw bytes; attrs, events and links as JSON text."""

    time: int
    duration: int
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    service: str
    name: str
    kind: int
    status: int
    entry: bool
    route: str
    method: str
    code: int
    version: str
    correlation_id: str
    peer: str
    peer_type: str
    resource: int
    scope: str
    status_message: str
    attrs: str
    events: str
    links: str
    dropped: int


class LogRow(NamedTuple):
    """One log record. Times in nanoseconds since 1970; ids as raw bytes, zeros where absent."""

    time: int
    trace_id: bytes
    span_id: bytes
    service: str
    severity: int
    severity_text: str
    body: str
    logger: str
    correlation_id: str
    exception: str
    stacktrace: str
    version: str
    resource: int
    attrs: str
    dropped: int


class LinkRow(NamedTuple):
    """A link from one span to another."""

    trace_id: bytes
    span_id: bytes
    linked_trace_id: bytes
    linked_span_id: bytes
    time: int


class ResourceRow(NamedTuple):
    """Who sent: its id is a hash of its attributes, so that it needs no look-up."""

    id: int
    service: str
    version: str
    instance: str
    attrs: str


class SeriesRow(NamedTuple):
    """One stream of metric points; its id is a hash of everything that tells it from others."""

    id: int
    name: str
    kind: str
    unit: str
    description: str
    service: str
    resource: int
    temporality: str
    monotonic: bool
    attrs: str


class PointRow(NamedTuple):
    """One metric point. Buckets and bounds are JSON arrays, empty but for histograms."""

    series: int
    time: int
    start: int
    value: float
    n: int
    sum: float
    min: float
    max: float
    buckets: str
    bounds: str


class ExemplarRow(NamedTuple):
    """A measured value that names the span it was measured in."""

    series: int
    time: int
    value: float
    trace_id: bytes
    span_id: bytes


@dataclass
class Batch:
    """Rows of one request. `span_tokens[i]` are the attribute hashes of `spans[i]`."""

    spans: list[SpanRow] = field(default_factory=list)
    span_tokens: list[list[int]] = field(default_factory=list)
    logs: list[LogRow] = field(default_factory=list)
    log_tokens: list[list[int]] = field(default_factory=list)
    links: list[LinkRow] = field(default_factory=list)
    resources: dict[int, ResourceRow] = field(default_factory=dict)
    series: dict[int, SeriesRow] = field(default_factory=dict)
    points: list[PointRow] = field(default_factory=list)
    exemplars: list[ExemplarRow] = field(default_factory=list)
    size: int = 0
    """Bytes of the request before compression: what the queue's bound counts."""
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str) -> None:
        """Count one item that can't be kept, and why."""
        self.rejected += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    @property
    def rows(self) -> int:
        """Spans, log lines and metric points together."""
        return len(self.spans) + len(self.logs) + len(self.points)
