"""Traces, from Jaeger's query API.

Two of its APIs are needed, since neither does all: the newer one (`/api/v3`, OTLP JSON) has
nanoseconds and span status, but over HTTP it can't search by attribute; the older one
(`/api/traces`, what Jaeger's own page uses) can.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from clew import _names
from clew.readers import _otlp_json
from clew.readers._http import SHAPE_ERRORS, JsonClient
from clew.readers._ids import CorrelationId, TraceId
from clew.readers._model import Span, Window

MAX_TRACES = 100
"""How many traces of one service a search returns at the most."""

_PARALLEL = 8


@dataclass(frozen=True)
class JaegerReader:
    """The trace side of a `Reader`."""

    client: JsonClient

    def trace_ids(self, correlation_id: CorrelationId, window: Window) -> tuple[str, ...]:
        """Ids of the traces with that correlation id, in the order of their start."""
        services = self._services()
        started: dict[str, int] = {}
        # One search for each service: Jaeger's Badger store refuses a search by tag alone.
        with ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
            found = pool.map(lambda name: self._search(name, correlation_id, window), services)
            for traces in found:
                for trace_id, start_us in traces.items():
                    started[trace_id] = min(start_us, started.get(trace_id, start_us))
        return tuple(sorted(started, key=lambda trace_id: (started[trace_id], trace_id)))

    def trace(self, trace_id: TraceId) -> tuple[Span, ...]:
        """The spans of that trace, in the order of their start; none if it isn't there."""
        answer = self.client.get(f"/api/v3/traces/{trace_id.value}", {})
        if answer is None:
            return ()
        try:
            spans = tuple(_otlp_json.spans(answer["result"]))
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"a trace of unknown shape ({error!r})") from error
        return tuple(sorted(spans, key=lambda span: (span.start_ns, span.span_id)))

    def _services(self) -> list[str]:
        answer = self.client.get("/api/services", {})
        try:
            return [str(name) for name in answer["data"] or []]
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"a list of services of unknown shape ({error!r})") from error

    def _search(
        self, service: str, correlation_id: CorrelationId, window: Window
    ) -> dict[str, int]:
        """Trace id → start of its first span, in microseconds since the epoch."""
        params = {
            "service": service,
            "tags": json.dumps({_names.CORRELATION_ID: correlation_id.value}),
            "start": str(window.start_ns // 1000),
            "end": str(window.end_ns // 1000 + 1),
            "limit": str(MAX_TRACES),
        }
        answer = self.client.get("/api/traces", params)
        try:
            return {
                _padded(trace["traceID"]): min(int(span["startTime"]) for span in trace["spans"])
                for trace in answer["data"] or []
                if _carries(trace, correlation_id.value)
            }
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"a search result of unknown shape ({error!r})") from error


def _padded(trace_id: str) -> str:
    # Jaeger drops the upper half of an id where it is zero.
    return trace_id.lower().zfill(32)


def _carries(trace: dict[str, Any], correlation_id: str) -> bool:
    # Stores differ in how exactly they match a tag's value, so what they found is checked.
    return any(
        tag["key"] == _names.CORRELATION_ID and tag["value"] == correlation_id
        for span in trace["spans"]
        for tag in span.get("tags") or []
    )
