"""Spans of an export request to rows."""

from __future__ import annotations

from typing import Any

from .. import _names
from ..store.batch import Batch, LinkRow, ResourceRow, SpanRow
from .limits import Limits
from .resources import Resources
from .times import LATEST, sane
from .values import attributes, first, to_json, tokens

_NO_TRACE, _NO_PARENT = bytes(16), bytes(8)
_SERVER, _CLIENT, _PRODUCER, _CONSUMER = 2, 3, 4, 5


def decode(request: Any, resources: Resources, limits: Limits, now: int) -> Batch:
    """An ExportTraceServiceRequest as a batch; `now` in nanoseconds since 1970."""
    batch = Batch()
    for group in request.resource_spans:
        resource = resources.row(group.resource)
        batch.resources[resource.id] = resource
        for scoped in group.scope_spans:
            scope = scoped.scope.name[: limits.name]
            for span in scoped.spans:
                _span(span, resource, scope, batch, limits, now)
    return batch


def _span(
    span: Any, resource: ResourceRow, scope: str, batch: Batch, limits: Limits, now: int
) -> None:
    trace_id, span_id = span.trace_id, span.span_id
    parent_id = span.parent_span_id or _NO_PARENT
    if len(trace_id) != 16 or len(span_id) != 8 or len(parent_id) != 8:
        batch.reject("span with an id of wrong length (trace 16 bytes, span and parent 8)")
        return
    if trace_id == _NO_TRACE or span_id == _NO_PARENT:
        batch.reject("span with an id of zeros only")
        return
    attrs, dropped = attributes(span.attributes, limits)
    raw_start = span.start_time_unix_nano
    start = sane(raw_start, now, limits)
    if start != raw_start:
        attrs["lens.original_start_unix_nano"] = str(raw_start)
    kind = span.kind if 0 <= span.kind <= 5 else 0
    code = first(attrs, _names.STATUS_CODE)
    peer, peer_type = _peer(kind, attrs)
    status = span.status
    batch.spans.append(
        SpanRow(
            time=start,
            duration=min(max(0, span.end_time_unix_nano - raw_start), LATEST - start),
            trace_id=trace_id,
            span_id=span_id,
            parent_id=parent_id,
            service=resource.service,
            name=span.name[: limits.name],
            kind=kind,
            status=status.code if 0 <= status.code <= 2 else 0,
            entry=kind in (_SERVER, _CONSUMER) or parent_id == _NO_PARENT,
            route=first(attrs, _names.ROUTE)[: limits.name],
            method=first(attrs, _names.METHOD)[:32],
            code=int(code) if code.isdecimal() and len(code) == 3 else 0,
            version=resource.version,
            correlation_id=first(attrs, _names.CORRELATION_ID)[: limits.name],
            peer=peer[: limits.name],
            peer_type=peer_type,
            resource=resource.id,
            scope=scope,
            status_message=status.message[: limits.value],
            attrs=to_json(attrs),
            events=_events(span, limits),
            links=_links(span, batch, limits, start),
            dropped=min(dropped + span.dropped_attributes_count, 0xFFFFFFFF),
        )
    )
    batch.span_tokens.append(tokens(attrs))


def _peer(kind: int, attrs: dict[str, Any]) -> tuple[str, str]:
    """What a span talks to, and of what sort: queue, db, service, or nothing."""
    if kind < _CLIENT:
        return "", ""
    destination = first(attrs, _names.MESSAGING_DESTINATION)
    system = first(attrs, _names.MESSAGING_SYSTEM)
    if destination or system:
        return f"{system}:{destination}" if destination else system, "queue"
    system = first(attrs, _names.DB_SYSTEM)
    if system:
        namespace = first(attrs, _names.DB_NAMESPACE)
        return f"{system}:{namespace}" if namespace else system, "db"
    address = first(attrs, _names.PEER)
    port = first(attrs, _names.PEER_PORT)
    return (f"{address}:{port}" if address and port else address), "service" if address else ""


def _events(span: Any, limits: Limits) -> str:
    if not span.events:
        return ""
    events = span.events
    return to_json(
        [
            {
                "time_us": event.time_unix_nano // 1000,
                "time_ns": str(event.time_unix_nano),
                "name": event.name[: limits.name],
                "attributes": attributes(event.attributes, limits)[0],
            }
            # Exceptions come last, where a cut would lose them.
            for event in (events[-limits.events :] if len(events) > limits.events else events)
        ]
    )


def _links(span: Any, batch: Batch, limits: Limits, start: int) -> str:
    if not span.links:
        return ""
    kept: list[dict[str, Any]] = []
    for link in span.links[: limits.links]:
        if len(link.trace_id) != 16 or len(link.span_id) != 8:
            continue
        batch.links.append(LinkRow(span.trace_id, span.span_id, link.trace_id, link.span_id, start))
        attrs, _ = attributes(link.attributes, limits)
        kept.append(
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "attributes": attrs,
            }
        )
    return to_json(kept)
