"""How a stored span and log line look to a reader."""

from __future__ import annotations

import json
from typing import Any

from .. import _names

SPAN_COLUMNS = """time, duration, trace_hi, trace_lo, span_id, parent_id, service, name, kind,
status, entry, route, method, code, version, correlation_id, peer, peer_type,
status_message"""
SPAN_DETAIL = SPAN_COLUMNS + ", resource, scope, attrs, events, links, dropped"
LOG_COLUMNS = """seq, time, trace_hi, trace_lo, span_id, service, severity,
severity_text, body, logger,
correlation_id, exception, stacktrace, version, attrs"""


def micros(nanoseconds: int) -> int:
    """Nanoseconds to whole microseconds."""
    return nanoseconds // 1000


def millis(nanoseconds: float) -> float:
    """Nanoseconds to milliseconds, three decimals."""
    return round(nanoseconds / 1e6, 3)


def trace_hex(high: int, low: int) -> str:
    """A trace id as 32 hexadecimal digits; empty for none."""
    return f"{high:016x}{low:016x}" if high or low else ""


def span_hex(span_id: int) -> str:
    """A span id as 16 hexadecimal digits; empty for none."""
    return f"{span_id:016x}" if span_id else ""


def loads(text: str, empty: Any) -> Any:
    """JSON text, or `empty` for empty text."""
    return json.loads(text) if text else empty


def span(row: dict[str, Any]) -> dict[str, Any]:
    """A span for readers; detail only where the row carries it."""
    made: dict[str, Any] = {
        "trace_id": trace_hex(row["trace_hi"], row["trace_lo"]),
        "span_id": span_hex(row["span_id"]),
        "parent_id": span_hex(row["parent_id"]),
        "service": row["service"],
        "name": row["name"],
        "kind": _names.SPAN_KINDS[row["kind"]],
        "status": _names.SPAN_STATUSES[row["status"]],
        "time_us": micros(row["time"]),
        "time_ns": str(row["time"]),
        "duration_ms": millis(row["duration"]),
        "duration_ns": row["duration"],
        "status_message": row["status_message"],
        "entry": row["entry"],
        "route": row["route"],
        "method": row["method"],
        "code": row["code"],
        "version": row["version"],
        "correlation_id": row["correlation_id"],
        "peer": row["peer"],
    }
    if "attrs" in row:
        made["scope"] = row["scope"]
        made["attributes"] = loads(row["attrs"], {})
        made["events"] = loads(row["events"], [])
        made["links"] = loads(row["links"], [])
        made["dropped_attributes"] = row["dropped"]
    return made


def log(row: dict[str, Any]) -> dict[str, Any]:
    """A log line for readers."""
    return {
        "seq": row["seq"],
        "time_us": micros(row["time"]),
        "time_ns": str(row["time"]),
        "service": row["service"],
        "level": _names.level(row["severity"]),
        "severity": row["severity"],
        "severity_text": row["severity_text"],
        "message": row["body"],
        "logger": row["logger"],
        "trace_id": trace_hex(row["trace_hi"], row["trace_lo"]),
        "span_id": span_hex(row["span_id"]),
        "correlation_id": row["correlation_id"],
        "exception": row["exception"],
        "stacktrace": row["stacktrace"],
        "version": row["version"],
        "attributes": loads(row["attrs"], {}),
    }
