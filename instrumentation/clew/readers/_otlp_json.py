"""Spans from OTLP's JSON form (opentelemetry-proto, trace/v1), as Jaeger returns it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clew import _names
from clew.readers._model import AttributeValue, Event, Span

_KINDS = ("INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
"""By the number of `SpanKind`; unspecified counts as internal, as the specification says."""

_STATUSES = ("UNSET", "OK", "ERROR")
"""By the number of `Status.StatusCode`."""


def spans(traces_data: dict[str, Any]) -> Iterator[Span]:
    """Every span of a `TracesData` object. Raises KeyError or ValueError for another shape."""
    for resource_spans in traces_data.get("resourceSpans", []):
        resource = attributes(resource_spans.get("resource", {}).get("attributes", []))
        service = str(resource.get(_names.SERVICE_NAME, "unknown_service"))
        for scope_spans in resource_spans.get("scopeSpans", []):
            for span in scope_spans.get("spans", []):
                yield _span(span, service)


def attributes(pairs: list[dict[str, Any]]) -> dict[str, AttributeValue]:
    """A list of `KeyValue` as a plain dictionary."""
    return {pair["key"]: _value(pair.get("value", {})) for pair in pairs}


def _span(span: dict[str, Any], service: str) -> Span:
    status = span.get("status", {})
    return Span(
        trace_id=span["traceId"].lower(),
        span_id=span["spanId"].lower(),
        parent_id=span.get("parentSpanId", "").lower(),
        service=service,
        name=span.get("name", ""),
        kind=_KINDS[_number(span.get("kind", 0), "SPAN_KIND_", _KINDS)],
        start_ns=int(span["startTimeUnixNano"]),
        end_ns=int(span["endTimeUnixNano"]),
        status=_STATUSES[_number(status.get("code", 0), "STATUS_CODE_", _STATUSES)],
        status_message=status.get("message", ""),
        attributes=attributes(span.get("attributes", [])),
        events=tuple(_event(event) for event in span.get("events", [])),
    )


def _event(event: dict[str, Any]) -> Event:
    return Event(
        time_ns=int(event.get("timeUnixNano", 0)),
        name=event.get("name", ""),
        attributes=attributes(event.get("attributes", [])),
    )


def _number(code: Any, prefix: str, names: tuple[str, ...]) -> int:
    """The enum's number; proto3 JSON allows the number and the name."""
    if isinstance(code, str):
        name = code.removeprefix(prefix)
        return names.index(name) if name in names else 0
    return int(code) if 0 <= int(code) < len(names) else 0


def _value(value: dict[str, Any]) -> AttributeValue:
    """A value of `AnyValue`; 64-bit integers come as strings (proto3 JSON mapping)."""
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [_value(item) for item in value["arrayValue"].get("values", [])]
    if "kvlistValue" in value:
        return str(attributes(value["kvlistValue"].get("values", [])))
    for kind in ("stringValue", "boolValue", "doubleValue", "bytesValue"):
        if kind in value:
            plain: AttributeValue = value[kind]
            return plain
    return None
