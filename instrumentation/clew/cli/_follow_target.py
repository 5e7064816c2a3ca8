"""What a person typed or pasted, as the ids to look for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from clew import _names
from clew.readers import CorrelationId, InvalidId, TraceId

# version-traceid-parentid-flags, W3C Trace Context section 3.2.2; version ff is invalid.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", re.IGNORECASE
)
_TRACE_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_NAMED = re.compile(r"([A-Za-z][A-Za-z_-]*)\s*[:=]\s*(.*)", re.DOTALL)

_TRACE_NAMES = {"traceparent", "trace_id", "traceid", "trace-id"}
_CORRELATION_NAMES = {
    "x-correlation-id",
    "x-request-id",
    "correlation-id",
    "request-id",
    _names.CORRELATION_ID,
    "request_id",
}


@dataclass(frozen=True)
class Target:
    """The ids that the text may mean, the likelier first.

    Two only for 32 bare hex digits, which are a trace id or a correlation id of that form.
    """

    text: str
    ids: tuple[CorrelationId | TraceId, ...]


def parse(text: str) -> Target:
    """Understand an id, a traceparent, a header line or a JSON log line.

    Raises InvalidId, whose message says what is wrong, for anything else.
    """
    text = text.strip().strip("'\"").strip()
    if text.startswith("{"):
        return Target(text, (_from_log_line(text),))
    named = _NAMED.fullmatch(text)
    name = named[1].lower() if named else ""
    value = named[2].strip().strip("'\"") if named else ""
    if name in _TRACE_NAMES:
        return Target(value, (_trace_id(value),))
    if name in _CORRELATION_NAMES:
        return Target(value, (CorrelationId(value),))
    if _TRACEPARENT.fullmatch(text):
        return Target(text, (_trace_id(text),))
    if _TRACE_ID.fullmatch(text) and text.strip("0"):
        return Target(text, (TraceId(text.lower()), CorrelationId(text)))
    return Target(text, (CorrelationId(text),))


def _trace_id(text: str) -> TraceId:
    parent = _TRACEPARENT.fullmatch(text)
    return TraceId((parent[1] if parent else text).lower())


def _from_log_line(text: str) -> CorrelationId | TraceId:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise InvalidId("the text begins like a JSON log line, but isn't whole") from error
    if line.get(_names.CORRELATION_ID):
        return CorrelationId(str(line[_names.CORRELATION_ID]))
    if line.get(_names.LOG_TRACE_ID):
        return TraceId(str(line[_names.LOG_TRACE_ID]).lower())
    raise InvalidId("the log line carries neither a correlation_id nor a trace_id")
