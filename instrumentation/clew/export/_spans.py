"""Ended spans → OTLP (opentelemetry/proto/trace/v1/trace.proto)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import DEFAULT_TRACE_STATE, SpanContext, Status, TraceState

from clew.export import _common, _plain
from clew.export import _protobuf as pb
from clew.traces import ClewSpan, Shared
from clew.traces._span import UNSET

_times = struct.Struct("<BQBQ").pack
_ids = struct.Struct(">2sQQ2sQ").pack
_parent = struct.Struct(">2sQ").pack
_LOW = (1 << 64) - 1
_START, _END = 7 << 3 | 1, 8 << 3 | 1
_MOST_NAMES = 4_096
# SpanFlags: "has is_remote" is bit 8, "is_remote" bit 9, of the parent.
_FLAGS_LOCAL = pb.fixed32(16, 0x100)
_FLAGS_REMOTE = pb.fixed32(16, 0x300)
_LINK_FLAGS_LOCAL = pb.fixed32(6, 0x100)
_LINK_FLAGS_REMOTE = pb.fixed32(6, 0x300)


class SpanEncoder:
    """Makes ExportTraceServiceRequests of spans that share one resource. For one thread only."""

    def __init__(
        self, resource: Resource, plain: Callable[[ClewSpan], bytes | None] = _plain.span
    ) -> None:
        """`plain` encodes a span in the common case, and answers None for any other."""
        self._plain = plain
        self._resource = _common.resource(resource)
        self._schema = pb.string(3, resource.schema_url)
        self._attributes = _common.AttributeEncoder(9)
        self._names: dict[tuple[str, int], bytes] = {}

    def encode(self, spans: Iterable[ClewSpan]) -> bytes:
        """The request's bytes. Spans keep their order within each instrumentation scope."""
        scopes: dict[Any, list[bytes]] = {}
        tracer: Any = None
        encoded: list[bytes] = []
        plain = self._plain
        for span in spans:
            if span._tracer is not tracer:
                tracer = span._tracer
                encoded = scopes.setdefault(tracer, [])
            encoded.append(plain(span) or self._span(span))
        body = [self._resource]
        for tracer, encoded in scopes.items():
            described = tracer._instrumentation_scope
            schema = pb.string(3, described.schema_url or "")
            body += pb.message(2, [_common.scope(described), *encoded, schema])
        body.append(self._schema)
        return b"".join(pb.message(1, body))

    def _span(self, span: ClewSpan) -> bytes:
        # Unpacked as the tuples that they are: their properties are Python functions.
        trace_id, span_id, _, _, trace_state, _ = span._context
        parent = span._parent
        named = span._name, span._kind._value_
        parts = [
            _ids(b"\x0a\x10", trace_id >> 64, trace_id & _LOW, b"\x12\x08", span_id),
            self._names.get(named) or self._name(*named),
            _times(_START, span._start_time, _END, span._end_time),
        ]
        pairs: Iterable[tuple[str, Any]] = span._attributes.items()
        shared = span._shared
        if shared is not None:
            parts.append(shared.encoded or self._share(shared))
            pairs = islice(pairs, shared.count, None)
        parts += self._attributes.encode(pairs)
        if parent is None:
            parts.append(_FLAGS_LOCAL)
        else:
            parts.append(_parent(b"\x22\x08", parent[1]))
            parts.append(_FLAGS_REMOTE if parent[2] else _FLAGS_LOCAL)
        if trace_state is not DEFAULT_TRACE_STATE and trace_state:
            parts.append(_trace_state(3, trace_state))
        if span._events:
            parts.extend(_event(event) for event in tuple(span._events))
        if span._links:
            parts.extend(_link(link) for link in tuple(span._links))
        parts.append(b"\x7a\x00" if span._status is UNSET else _status(span._status))
        if span._dropped_attributes or span._dropped_events or span._dropped_links:
            parts.append(pb.unsigned(10, span._dropped_attributes))
            parts.append(pb.unsigned(12, span._dropped_events))
            parts.append(pb.unsigned(14, span._dropped_links))
        body = b"".join(parts)
        size = len(body)
        if 127 < size < 16_384:  # nearly all: two bytes of length
            return b"\x12%c%c%b" % (size & 127 | 128, size >> 7, body)
        return pb.delimited(2, body)

    def _share(self, shared: Shared) -> bytes:
        shared.encoded = b"".join(self._attributes.encode(shared.attributes.items()))
        return shared.encoded

    def _name(self, name: str, kind: int) -> bytes:
        # The API counts kinds from 0 (internal), the protocol from 1.
        encoded = pb.string(5, str(name)) + pb.unsigned(6, kind + 1)
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        self._names[name, kind] = encoded
        return encoded


def _status(status: Status) -> bytes:
    description = pb.string(2, status.description or "")
    return pb.delimited(15, description + pb.unsigned(3, status.status_code.value))


def _event(event: Any) -> bytes:
    return pb.delimited(
        11,
        pb.fixed64(1, event.timestamp)
        + pb.string(2, str(event.name))
        + pb.attributes(3, event.attributes)
        + pb.unsigned(4, event.dropped_attributes),
    )


def _link(link: Any) -> bytes:
    context: SpanContext = link.context
    return pb.delimited(
        13,
        pb.delimited(1, context.trace_id.to_bytes(16, "big"))
        + pb.delimited(2, context.span_id.to_bytes(8, "big"))
        # The SDK's exporter leaves a link's trace state out; the protocol has a place for it.
        + (_trace_state(3, context.trace_state) if context.trace_state else b"")
        + pb.attributes(4, link.attributes)
        + pb.unsigned(5, link.dropped_attributes)
        + (_LINK_FLAGS_REMOTE if context.is_remote else _LINK_FLAGS_LOCAL),
    )


def _trace_state(field: int, state: TraceState | Sequence[Any]) -> bytes:
    return pb.string(field, ",".join(f"{key}={value}" for key, value in state.items()))  # type: ignore[union-attr]
