"""What comes back from a reader, whatever kept it.

Points in time are integers, nanoseconds since the Unix epoch; durations are floats, seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

AttributeValue: TypeAlias = "str | bool | int | float | list[AttributeValue] | None"
"""A value of an OpenTelemetry attribute."""


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time that is searched, both ends included."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.start_ns > self.end_ns:
            raise ValueError(f"a window starts before it ends: {self.start_ns} > {self.end_ns}")

    @classmethod
    def back_from(cls, end_ns: int, seconds: float) -> Window:
        """The window of that many seconds that ends at `end_ns`."""
        return cls(end_ns - int(seconds * 1e9), end_ns)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one moment of a span, such as `exception`."""

    time_ns: int
    name: str
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One span of a trace.

    `parent_id` is "" for a root. `kind` is SERVER, CLIENT, INTERNAL, PRODUCER or CONSUMER, and
    `status` UNSET, OK or ERROR, as the OpenTelemetry specification names them.
    """

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    status: str = "UNSET"
    status_message: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def duration_s(self) -> float:
        """How long the span took, in seconds."""
        return (self.end_ns - self.start_ns) / 1e9


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log record. Ids that it doesn't carry are ""; `attributes` holds all the rest."""

    time_ns: int
    service: str
    severity: str
    logger: str
    message: str
    trace_id: str = ""
    span_id: str = ""
    correlation_id: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """The value of one series at one moment, in the unit that the metric's name ends in."""

    name: str
    labels: Mapping[str, str]
    value: float
    time_ns: int


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One measured value and the trace in which it was measured."""

    trace_id: str
    span_id: str
    value: float
    time_ns: int
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RouteStats:
    """How the requests of one route went in a window.

    `name` is the name of its server spans, such as `GET /users/{user_id}`. `rate` is requests a
    second; `p50_s` and `p95_s` are seconds, None where there was no request. What comes from a
    histogram (Prometheus) is as exact as its buckets, and its counts are estimates.
    """

    service: str
    name: str
    requests: int
    errors: int
    rate: float
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class Link:
    """A page on which a person can look further."""

    title: str
    url: str
