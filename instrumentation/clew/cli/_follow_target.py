"""What a person typed or pasted, as the ids to look for."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote

from clew import _names
from clew.readers import CorrelationId, InvalidId, TraceId

# version-traceid-parentid-flags, W3C Trace Context section 3.2.2; version ff is invalid.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", re.IGNORECASE
)
_TRACE_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
# The ids of B3 (traceid-spanid-…) and of Jaeger (traceid:spanid:…), whose zeros may be left out.
_OTHER_TRACE_ID = re.compile(r"([0-9a-f]{1,32})([-:].*)?", re.IGNORECASE)
_NAMED = re.compile(r"""([A-Za-z][\w.-]*)["']?\s*[:=]\s*["']?(.*)""", re.DOTALL)
# What stands before a header in a pasted command or in what `curl -v` printed.
_BEFORE = re.compile(r"""(?:-H|--header|[<>])\s*["']?""")
_PAGE = re.compile(r"https?://\S+/(?:trace|traces|follow)/([^\s/?#]+)\S*")
# Names within a log line that is not JSON.
_WITHIN = re.compile(r"""\b(trace_id|traceid|correlation_id)["']?[=:]\s*["']?([^\s"',;]+)""")

_TRACE_NAMES = {"traceparent", "trace_id", "traceid", "trace-id"}
_OTHER_TRACE_NAMES = {"b3", "x-b3-traceid", "uber-trace-id"}
_CORRELATION_NAMES = {
    "x-correlation-id",
    "x-request-id",
    "correlation-id",
    "request-id",
    _names.CORRELATION_ID,
    "request_id",
}

Id = CorrelationId | TraceId


@dataclass(frozen=True)
class Target:
    """The ids that the text may mean, the likelier first.

    Two only for 32 bare hex digits, which are a trace id or a correlation id of that form, and for
    what looks like a header that nobody knows.
    """

    text: str
    ids: tuple[Id, ...]


def parse(text: str, headers: Collection[str] = ()) -> Target:
    """Understand an id, a traceparent, a header, a link to a trace, or a log line.

    `headers` are this installation's own names for the correlation id's header. Of several lines
    the first counts that holds a name that is known.

    Raises InvalidId, whose message says what is wrong, for anything else.
    """
    text = text.strip().strip("'\"").strip()
    if text.startswith("{"):
        return Target(text, (_from_log_line(text),))
    own = _CORRELATION_NAMES | {name.lower() for name in headers}
    for line in text.splitlines():
        known = _from_header(line, own)
        if known is not None:
            return known
    page = _PAGE.fullmatch(text)
    if page:
        return _bare(unquote(page[1]))
    within = _WITHIN.search(text)
    if within and within.end() < len(text):
        known = _from_header(f"{within[1]}={within[2]}", own)
        if known is not None:
            return known
    named = _NAMED.fullmatch(text)
    if named and re.search(r"[-_]id$", named[1], re.IGNORECASE):
        return Target(text, (CorrelationId(_value(named[2])), CorrelationId(text)))
    return _bare(text)


def _from_header(line: str, correlation_names: Collection[str]) -> Target | None:
    """The id in `name: value` or `name=value`; None where the name is not known."""
    named = _NAMED.fullmatch(_BEFORE.sub("", line.strip().strip("'\""), count=1).strip())
    if not named:
        return None
    name, value = named[1].lower(), _value(named[2])
    if name in _TRACE_NAMES:
        return Target(value, (_trace_id(value),))
    if name in _OTHER_TRACE_NAMES:
        return Target(value, (_other_trace_id(value),))
    if name in correlation_names:
        return Target(value, (CorrelationId(value),))
    return None


def _bare(text: str) -> Target:
    if _TRACEPARENT.fullmatch(text):
        return Target(text, (_trace_id(text),))
    if _TRACE_ID.fullmatch(text) and text.strip("0"):
        return Target(text, (TraceId(text.lower()), CorrelationId(text)))
    return Target(text, (CorrelationId(text),))


def _value(text: str) -> str:
    return text.strip().strip("'\",").strip()


def _trace_id(text: str) -> TraceId:
    parent = _TRACEPARENT.fullmatch(text)
    return TraceId((parent[1] if parent else text).lower())


def _other_trace_id(text: str) -> TraceId:
    found = _OTHER_TRACE_ID.fullmatch(text)
    return TraceId(found[1].lower().zfill(32) if found else text)


def _from_log_line(text: str) -> Id:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise InvalidId("the text begins like a JSON log line, but isn't whole") from error
    if line.get(_names.CORRELATION_ID):
        return CorrelationId(str(line[_names.CORRELATION_ID]))
    if line.get(_names.LOG_TRACE_ID):
        return TraceId(str(line[_names.LOG_TRACE_ID]).lower())
    raise InvalidId("the log line carries neither a correlation_id nor a trace_id")
