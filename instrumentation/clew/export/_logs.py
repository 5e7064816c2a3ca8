"""Log records → OTLP (opentelemetry/proto/logs/v1/logs.proto)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from clew.export import _common, _plain
from clew.export import _protobuf as pb

# A JSON line begins with fields that stand elsewhere in the OTLP record, and are no attributes of
# it: time, level, logger, message and service, and with a span context its two ids.
_ELSEWHERE = 5
_ELSEWHERE_IN_SPAN = 7
_times = struct.Struct("<BQBQ").pack
_ids = struct.Struct(">BBxxx2sQQ2sQ").pack
_TIME, _OBSERVED, _FLAGS = 1 << 3 | 1, 11 << 3 | 1, 8 << 3 | 5
_LOW = _MOST = (1 << 64) - 1
_MOST_SEVERITIES = 256


class LogItem(NamedTuple):
    """A log record on its way out. Times are ns since the epoch."""

    time: int
    observed: int
    severity: int  # SeverityNumber of the logs data model, 1 to 24; 0 where unknown
    severity_text: str
    body: Any
    # With a logger's name as scope, the fields of its JSON line, in their order there.
    attributes: Mapping[str, Any]
    context: SpanContext | None
    # A logger's name, or the scope of a record made through the OpenTelemetry API.
    scope: str | InstrumentationScope
    event_name: str = ""
    dropped_attributes: int = 0


class LogEncoder:
    """Makes ExportLogsServiceRequests of records that share one resource. For one thread only."""

    def __init__(
        self, resource: Resource, plain: Callable[[LogItem, int], bytes | None] = _plain.record
    ) -> None:
        """`plain` encodes a record in the common case, without so many attributes that it begins
        with, and answers None for any other."""
        self._plain = plain
        self._resource = _common.resource(resource)
        self._schema = pb.string(3, resource.schema_url)
        self._attributes = _common.AttributeEncoder(6)
        self._severities: dict[tuple[int, str], bytes] = {}

    def encode(self, items: Iterable[LogItem]) -> bytes:
        """The request's bytes. Records keep their order within each scope (logger)."""
        scopes: dict[Any, list[bytes]] = {}
        for item in items:
            scopes.setdefault(item.scope, []).append(self._record(item))
        body = [self._resource]
        for scope, encoded in scopes.items():
            if isinstance(scope, str):
                body += pb.message(2, [pb.delimited(1, pb.string(1, scope)), *encoded])
            else:
                schema = pb.string(3, scope.schema_url or "")
                body += pb.message(2, [_common.scope(scope), *encoded, schema])
        body.append(self._schema)
        return b"".join(pb.message(1, body))

    def _record(self, item: LogItem) -> bytes:
        time, observed, number, text, body, attributes, context, scope, event, dropped = item
        skipped = 0
        if isinstance(scope, str):
            skipped = _ELSEWHERE if context is None else _ELSEWHERE_IN_SPAN
        encoded = self._plain(item, skipped)
        if encoded is not None:
            return encoded
        pairs = islice(attributes.items(), skipped, None)
        parts = [
            _times(_TIME, time & _MOST, _OBSERVED, observed & _MOST),
            self._severities.get((number, text)) or self._severity(number, text),
            _text(body) if type(body) is str else pb.delimited(5, pb.any_value(body)),
        ]
        parts += self._attributes.encode(pairs)
        if context is not None:
            trace_id, span_id, _, flags, _, _ = context
            parts.append(
                _ids(
                    _FLAGS,
                    flags,
                    b"\x4a\x10",
                    trace_id >> 64,
                    trace_id & _LOW,
                    b"\x52\x08",
                    span_id,
                )
            )
        if dropped or event:
            parts.append(pb.unsigned(7, dropped) + pb.string(12, event))
        return pb.delimited(2, b"".join(parts))

    def _severity(self, number: int, text: str) -> bytes:
        if len(self._severities) >= _MOST_SEVERITIES:  # levels may have any name
            self._severities.clear()
        encoded = self._severities[number, text] = pb.unsigned(2, number) + pb.string(3, text)
        return encoded


def _text(body: str) -> bytes:
    size = len(body)
    if size < 126 and body.isascii():  # nearly all: every length is one byte
        return b"\x2a%c\x0a%c%b" % (size + 2, size, body.encode())
    return pb.delimited(5, pb.any_value(body))
