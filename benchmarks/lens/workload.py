"""A shop's telemetry as encoded OTLP requests: the same for the same seed.

One request through the shop makes eight spans in five services and eight log lines, a queue and a
database among them; one in fifty fails in payments.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

SERVICES = ("gateway", "users", "orders", "payments", "mailer")
SPANS_PER_REQUEST = 8
_MS = 1_000_000
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


@dataclass(frozen=True)
class Step:
    """One span of the request: who, what, its parent's index, offset and length in ms."""

    service: str
    name: str
    kind: int
    parent: int
    offset: float
    length: float


STEPS = (
    Step("gateway", "POST /checkout", SERVER, -1, 0.0, 60.0),
    Step("gateway", "GET", CLIENT, 0, 1.0, 12.0),
    Step("users", "GET /users/{user_id}", SERVER, 1, 2.0, 10.0),
    Step("gateway", "POST", CLIENT, 0, 14.0, 44.0),
    Step("orders", "POST /orders/", SERVER, 3, 15.0, 42.0),
    Step("orders", "INSERT orders", CLIENT, 4, 16.0, 6.0),
    Step("payments", "POST /charge", SERVER, 4, 24.0, 28.0),
    Step("mailer", "process order-created", CONSUMER, 4, 55.0, 4.0),
)


def _attribute(key: str, value: str | int | bool) -> KeyValue:
    pair = KeyValue(key=key)
    if isinstance(value, bool):
        pair.value.bool_value = value
    elif isinstance(value, int):
        pair.value.int_value = value
    else:
        pair.value.string_value = value
    return pair


def _attributes(step: Step, number: int, user: int, failed: bool) -> list[KeyValue]:
    if step.kind == CONSUMER:
        return [
            _attribute("messaging.system", "rabbitmq"),
            _attribute("messaging.destination.name", "order-created"),
            _attribute("messaging.message.id", f"m-{number}"),
        ]
    if step.name.startswith("INSERT"):
        return [
            _attribute("db.system.name", "postgresql"),
            _attribute("db.namespace", "shop"),
            _attribute("db.query.text", "INSERT INTO orders (user_id, item) VALUES (?, ?)"),
        ]
    method, _, route = step.name.partition(" ")
    pairs = [
        _attribute("http.request.method", method),
        _attribute("url.path", f"/{route.split('/')[1] if route else 'x'}/{user}"),
        _attribute("http.response.status_code", 500 if failed else 200),
        _attribute("server.address", "127.0.0.1"),
        _attribute("user.id", f"u-{user}"),
        _attribute("user_agent.original", "python-requests/2.34.2"),
        _attribute("network.protocol.version", "1.1"),
    ]
    if route:
        pairs.append(_attribute("http.route", route))
        pairs.append(_attribute("correlation_id", f"req-{number}"))
    return pairs


class Workload:
    """Requests of `traces` traces each, spread evenly from `start` by `gap` nanoseconds."""

    def __init__(self, seed: int, start: int, gap: int) -> None:
        self._random = random.Random(seed)
        self._time = start
        self._gap = gap
        self._number = seed * 100_000_000

    def requests(self, count: int, traces: int = 64) -> Iterator[tuple[bytes, bytes]]:
        """Pairs of an encoded trace request and an encoded log request."""
        for _ in range(count):
            spans, logs = ExportTraceServiceRequest(), ExportLogsServiceRequest()
            span_lists = {
                name: _scope(spans.resource_spans, "scope_spans", name) for name in SERVICES
            }
            log_lists = {name: _scope(logs.resource_logs, "scope_logs", name) for name in SERVICES}
            for _ in range(traces):
                self._trace(span_lists, log_lists)
            yield spans.SerializeToString(), logs.SerializeToString()

    def _trace(self, span_lists: dict[str, Any], log_lists: dict[str, Any]) -> None:
        rng, number = self._random, self._number
        self._number += 1
        self._time += self._gap
        trace_id = rng.randbytes(16)
        ids = [rng.randbytes(8) for _ in STEPS]
        user, stretch = rng.randrange(5000), rng.lognormvariate(0, 0.5)
        broken = rng.random() < 0.02
        for index, step in enumerate(STEPS):
            failed = broken and step.service in ("gateway", "orders", "payments")
            start = self._time + int(step.offset * stretch * _MS)
            span = span_lists[step.service].spans.add(
                trace_id=trace_id,
                span_id=ids[index],
                parent_span_id=ids[step.parent] if step.parent >= 0 else b"",
                name=step.name,
                kind=step.kind,
                start_time_unix_nano=start,
                end_time_unix_nano=start + int(step.length * stretch * _MS),
                attributes=_attributes(step, number, user, failed),
            )
            if failed:
                span.status.code = 2
                span.status.message = "CardDeclined"
            self._log(log_lists[step.service], span, step, number, failed)

    def _log(self, scope: Any, span: Any, step: Step, number: int, failed: bool) -> None:
        record = scope.log_records.add(
            time_unix_nano=span.start_time_unix_nano + _MS,
            severity_number=17 if failed else 9,
            severity_text="ERROR" if failed else "INFO",
            trace_id=span.trace_id,
            span_id=span.span_id,
            attributes=[
                _attribute("correlation_id", f"req-{number}"),
                _attribute("code.function.name", "handle"),
            ],
        )
        outcome = "failed: card declined" if failed else "done"
        record.body.string_value = f"{step.name} of request {number} {outcome}"


def _scope(groups: Any, field: str, service: str) -> Any:
    group = groups.add()
    group.resource.attributes.append(_attribute("service.name", service))
    group.resource.attributes.append(_attribute("service.version", "1.4.0"))
    group.resource.attributes.append(_attribute("service.instance.id", f"{service}-1"))
    scope = getattr(group, field).add()
    scope.scope.name = "shop"
    return scope
