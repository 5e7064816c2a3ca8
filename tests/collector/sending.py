"""Spans and log records by hand, as OTLP/JSON over HTTP."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any


def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> int:
    """Send one request; return the status of the answer."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def span(name: str = "work", **more: Any) -> dict[str, Any]:
    """A span of 200 ms that ended now; `attributes` may be a mapping."""
    now = time.time_ns()
    made = {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": name,
        "kind": 2,
        "startTimeUnixNano": str(now - 200_000_000),
        "endTimeUnixNano": str(now),
        **more,
    }
    made["attributes"] = attributes(more.get("attributes", {}))
    return made


def traces(spans: Sequence[Mapping[str, Any]], **resource: Any) -> dict[str, Any]:
    """A request of spans of one service."""
    scope = [{"scope": {"name": "by-hand"}, "spans": list(spans)}]
    return {"resourceSpans": [{"resource": _resource(resource), "scopeSpans": scope}]}


def record(body: Any, **more: Any) -> dict[str, Any]:
    """A log record of now; `attributes` may be a mapping."""
    made = {
        "timeUnixNano": str(time.time_ns()),
        "severityText": "INFO",
        "severityNumber": 9,
        "body": value(body),
        **more,
    }
    made["attributes"] = attributes(more.get("attributes", {}))
    return made


def logs(records: Sequence[Mapping[str, Any]], **resource: Any) -> dict[str, Any]:
    """A request of log records of one service."""
    scope = [{"scope": {"name": "by-hand"}, "logRecords": list(records)}]
    return {"resourceLogs": [{"resource": _resource(resource), "scopeLogs": scope}]}


def attributes(pairs: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(one)} for key, one in pairs.items()]


def value(one: Any) -> dict[str, Any]:
    """An AnyValue in JSON."""
    if isinstance(one, bool):
        return {"boolValue": one}
    if isinstance(one, int):
        return {"intValue": str(one)}
    if isinstance(one, float):
        return {"doubleValue": one}
    if isinstance(one, list):
        return {"arrayValue": {"values": [value(each) for each in one]}}
    if isinstance(one, Mapping):
        return {"kvlistValue": {"values": attributes(one)}}
    return {"stringValue": str(one)}


def _resource(pairs: Mapping[str, Any]) -> dict[str, Any]:
    return {"attributes": attributes({"service.name": "by-hand", **pairs})}
