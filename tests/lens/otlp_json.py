"""OTLP messages in their JSON form, as short as tests need them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def value(plain: Any) -> dict[str, Any]:
    """An AnyValue."""
    if isinstance(plain, bool):
        return {"boolValue": plain}
    if isinstance(plain, int):
        return {"intValue": str(plain)}
    if isinstance(plain, float):
        finite = math.isfinite(plain)
        return {"doubleValue": plain if finite else "NaN" if plain != plain else "Infinity"}
    if isinstance(plain, list):
        return {"arrayValue": {"values": [value(item) for item in plain]}}
    return {"stringValue": plain}


def attributes(pairs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A list of KeyValue."""
    return [{"key": key, "value": value(item)} for key, item in pairs.items()]


def resource(service: str, version: str = "1.0.0") -> dict[str, Any]:
    """A Resource."""
    return {"attributes": attributes({"service.name": service, "service.version": version})}


def span(
    trace_id: str,
    span_id: str,
    name: str,
    *,
    parent: str = "",
    kind: str = "server",
    start: int,
    length: int = 1_000_000,
    error: str = "",
    attrs: Mapping[str, Any] | None = None,
    events: Sequence[dict[str, Any]] = (),
    links: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A Span; times and `length` in nanoseconds."""
    return {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": parent,
        "name": name,
        "kind": KINDS[kind],
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + length),
        "attributes": attributes(attrs or {}),
        "events": list(events),
        "links": list(links),
        "status": {"code": 2, "message": error} if error else {},
    }


def exception(time: int, kind: str, message: str, stacktrace: str) -> dict[str, Any]:
    """The event of a recorded exception."""
    pairs = {
        "exception.type": kind,
        "exception.message": message,
        "exception.stacktrace": stacktrace,
    }
    return {"timeUnixNano": str(time), "name": "exception", "attributes": attributes(pairs)}


def log(
    message: str,
    *,
    time: int,
    severity: int = 9,
    trace_id: str = "",
    span_id: str = "",
    attrs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A LogRecord; `time` in nanoseconds."""
    return {
        "timeUnixNano": str(time),
        "severityNumber": severity,
        "body": {"stringValue": message},
        "traceId": trace_id,
        "spanId": span_id,
        "attributes": attributes(attrs or {}),
    }


def traces(service: str, *spans: dict[str, Any], version: str = "1.0.0") -> dict[str, Any]:
    """An ExportTraceServiceRequest of one service."""
    scoped = {"scope": {"name": "test"}, "spans": list(spans)}
    return {"resourceSpans": [{"resource": resource(service, version), "scopeSpans": [scoped]}]}


def logs(service: str, *records: dict[str, Any], version: str = "1.0.0") -> dict[str, Any]:
    """An ExportLogsServiceRequest of one service."""
    scoped = {"scope": {"name": service}, "logRecords": list(records)}
    return {"resourceLogs": [{"resource": resource(service, version), "scopeLogs": [scoped]}]}


def metrics(service: str, *found: dict[str, Any]) -> dict[str, Any]:
    """An ExportMetricsServiceRequest of one service."""
    scoped = {"scope": {"name": "test"}, "metrics": list(found)}
    return {"resourceMetrics": [{"resource": resource(service), "scopeMetrics": [scoped]}]}


def histogram_point(
    time: int,
    start: int,
    counts: Sequence[int],
    bounds: Sequence[float],
    total: float,
    attrs: Mapping[str, Any] | None = None,
    exemplars: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A HistogramDataPoint."""
    return {
        "timeUnixNano": str(time),
        "startTimeUnixNano": str(start),
        "count": str(sum(counts)),
        "sum": total,
        "bucketCounts": [str(count) for count in counts],
        "explicitBounds": list(bounds),
        "attributes": attributes(attrs or {}),
        "exemplars": list(exemplars),
    }


def histogram(name: str, *points: dict[str, Any], unit: str = "s") -> dict[str, Any]:
    """A cumulative histogram Metric."""
    data = {"dataPoints": list(points), "aggregationTemporality": 2}
    return {"name": name, "unit": unit, "histogram": data}


def number_point(
    time: int, number: float, attrs: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A NumberDataPoint."""
    return {"timeUnixNano": str(time), "asDouble": number, "attributes": attributes(attrs or {})}
