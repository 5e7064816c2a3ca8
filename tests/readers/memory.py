"""A reader over fixed data, and data to put into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clew.readers import (
    BackendUnavailable,
    CorrelationId,
    Event,
    Exemplar,
    Link,
    LogLine,
    RouteStats,
    Sample,
    Span,
    TraceId,
    Window,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
MOMENT = 1_796_000_000_123_000_000  # 2026-11-30 00:53:20.123 UTC
MS = 1_000_000

LOOKUP = Span(
    trace_id=TRACE,
    span_id="3333333333333333",
    parent_id="2222222222222222",
    service="users",
    name="GET /users/{user_id}",
    kind="SERVER",
    start_ns=MOMENT + 4 * MS,
    end_ns=MOMENT + 8 * MS,
    attributes={"correlation_id": "order-7", "http.response.status_code": 200},
)
CALL = Span(
    trace_id=TRACE,
    span_id="2222222222222222",
    parent_id="1111111111111111",
    service="gateway",
    name="GET",
    kind="CLIENT",
    start_ns=MOMENT + 2 * MS,
    end_ns=MOMENT + 10 * MS,
    attributes={"correlation_id": "order-7", "http.response.status_code": 200},
)
ENTRY = Span(
    trace_id=TRACE,
    span_id="1111111111111111",
    parent_id="",
    service="gateway",
    name="GET /users/{user_id}",
    kind="SERVER",
    start_ns=MOMENT,
    end_ns=MOMENT + 12 * MS,
    attributes={"correlation_id": "order-7", "http.response.status_code": 200},
)
ASKING = LogLine(
    time_ns=MOMENT + 1 * MS,
    service="gateway",
    severity="INFO",
    logger="gateway.app",
    message="asking users",
    trace_id=TRACE,
    span_id=ENTRY.span_id,
    correlation_id="order-7",
)
FOUND_USER = LogLine(
    time_ns=MOMENT + 5 * MS,
    service="users",
    severity="INFO",
    logger="users.app",
    message="found user 1",
    trace_id=TRACE,
    span_id=LOOKUP.span_id,
    correlation_id="order-7",
)
STACK = 'Traceback (most recent call last):\n  File "shop/app.py", line 7, in fail\n    raise E\n'
FAILED = Span(
    trace_id=TRACE,
    span_id="4444444444444444",
    parent_id="",
    service="gateway",
    name="GET /fail",
    kind="SERVER",
    start_ns=MOMENT,
    end_ns=MOMENT + 12 * MS,
    status="ERROR",
    attributes={"correlation_id": "order-7", "http.response.status_code": 500},
    events=(
        Event(
            MOMENT + 6 * MS,
            "exception",
            {
                "exception.type": "RuntimeError",
                "exception.message": "nobody handles this",
                "exception.stacktrace": STACK,
            },
        ),
    ),
)


@dataclass
class MemoryReader:
    """Implements `Reader`. The stores named in `down` ("traces", "logs") don't answer."""

    spans: tuple[Span, ...] = ()
    lines: tuple[LogLine, ...] = ()
    down: frozenset[str] = frozenset()
    stats: tuple[RouteStats, ...] = ()
    asked: list[str] = field(default_factory=list)

    places = ("memory",)

    def trace_ids(self, correlation_id: CorrelationId, window: Window) -> tuple[str, ...]:
        self._ask("traces")
        return tuple(
            dict.fromkeys(
                span.trace_id
                for span in self.spans
                if span.attributes.get("correlation_id") == correlation_id.value
            )
        )

    def trace(self, trace_id: TraceId) -> tuple[Span, ...]:
        self._ask("traces")
        return tuple(span for span in self.spans if span.trace_id == trace_id.value)

    def log_lines(
        self, of: CorrelationId | TraceId, window: Window, limit: int = 1000
    ) -> tuple[LogLine, ...]:
        self._ask("logs")
        return tuple(
            line
            for line in self.lines
            if of.value == (line.trace_id if isinstance(of, TraceId) else line.correlation_id)
            and window.start_ns <= line.time_ns <= window.end_ns
        )[:limit]

    def samples(self, name: str, labels: Mapping[str, str]) -> tuple[Sample, ...]:
        return ()

    def exemplars(
        self, name: str, labels: Mapping[str, str], window: Window
    ) -> tuple[Exemplar, ...]:
        return ()

    def routes(self, window: Window, service: str = "") -> tuple[RouteStats, ...]:
        self._ask("metrics")
        return tuple(one for one in self.stats if service in ("", one.service))

    def links(self, trace_id: TraceId) -> tuple[Link, ...]:
        return (Link("Traces", f"http://traces/{trace_id.value}"),)

    def _ask(self, store: str) -> None:
        self.asked.append(store)
        if store in self.down:
            raise BackendUnavailable(store, "http://nowhere", "CLEW_X_URL", "connection refused")
