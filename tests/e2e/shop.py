"""The running shop, and one known request through it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

import requests

from clew.readers import CorrelationId, LogLine, Reader, Span, TraceId, Window
from tests.e2e.places import Place
from tests.e2e.services import Running
from tests.e2e.wait import wait_until

LOOKBACK_S = 3600


@dataclass(frozen=True)
class Sent:
    """A request that was sent, with ids that nothing else has, and its answer."""

    trace_id: TraceId
    parent_id: str
    correlation_id: CorrelationId
    status: int
    headers: dict[str, str]
    """Names in lower case."""


@dataclass(frozen=True)
class Shop:
    """The services and the place that their telemetry goes to."""

    services: dict[str, Running]
    place: Place

    @property
    def reader(self) -> Reader:
        """What reads the telemetry back."""
        return self.place.reader

    def send(self, method: str, path: str, body: Any = None) -> Sent:
        """One request to the gateway, with a traceparent and a correlation id."""
        trace_id, parent_id = TraceId(secrets.token_hex(16)), secrets.token_hex(8)
        correlation_id = CorrelationId(f"e2e-{secrets.token_hex(6)}")
        answer = self.ask(
            method,
            path,
            {
                "traceparent": f"00-{trace_id.value}-{parent_id}-01",
                "X-Correlation-ID": correlation_id.value,
            },
            body,
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Sent(trace_id, parent_id, correlation_id, answer.status_code, headers)

    def ask(
        self, method: str, path: str, headers: dict[str, Any], body: Any = None
    ) -> requests.Response:
        """One request to the gateway with those headers; its answer."""
        url = self.services["gateway"].url + path
        return requests.request(method, url, headers=headers, json=body, timeout=30)

    def spans(self, trace_id: TraceId, count: int) -> tuple[Span, ...]:
        """The spans of the trace, once there are so many."""

        def arrived() -> tuple[Span, ...]:
            spans = self.reader.trace(trace_id)
            return spans if len(spans) >= count else ()

        return wait_until(arrived, f"{count} spans of trace {trace_id.value}")

    def lines(self, of: CorrelationId | TraceId, service: str, count: int) -> list[LogLine]:
        """The log lines of that service with that id, once there are so many."""

        def arrived() -> list[LogLine]:
            found = self.reader.log_lines(of, self.window())
            lines = [line for line in found if line.service == service]
            return lines if len(lines) >= count else []

        return wait_until(arrived, f"{count} log lines of {service} with {of.value}")

    def window(self) -> Window:
        """The time until now in which the tests ran."""
        return Window.back_from(time.time_ns(), LOOKBACK_S)
