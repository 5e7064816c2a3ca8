"""Log records of an export request to rows."""

from __future__ import annotations

from typing import Any

from .. import _names
from ..store.batch import Batch, LogRow, ResourceRow
from .limits import Limits
from .resources import Resources
from .times import sane
from .values import attributes, first, plain, text_of, to_json, tokens

_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
_SEVERITIES = {
    "TRACE": 1,
    "DEBUG": 5,
    "INFO": 9,
    "WARN": 13,
    "WARNING": 13,
    "ERROR": 17,
    "CRITICAL": 21,
    "FATAL": 21,
}


def decode(request: Any, resources: Resources, limits: Limits, now: int) -> Batch:
    """An ExportLogsServiceRequest as a batch; `now` in nanoseconds since 1970."""
    batch = Batch()
    for group in request.resource_logs:
        resource = resources.row(group.resource)
        batch.resources[resource.id] = resource
        for scoped in group.scope_logs:
            scope = scoped.scope.name[: limits.name]
            for record in scoped.log_records:
                _record(record, resource, scope, batch, limits, now)
    return batch


def _record(
    record: Any, resource: ResourceRow, scope: str, batch: Batch, limits: Limits, now: int
) -> None:
    trace_id, span_id = record.trace_id or _NO_TRACE, record.span_id or _NO_SPAN
    if len(trace_id) != 16 or len(span_id) != 8:
        batch.reject("log record with an id of wrong length (trace 16 bytes, span 8)")
        return
    attrs, dropped = attributes(record.attributes, limits)
    stacktrace = text_of(attrs.pop(_names.EXCEPTION_STACKTRACE, None))
    batch.logs.append(
        LogRow(
            time=sane(record.time_unix_nano or record.observed_time_unix_nano, now, limits),
            trace_id=trace_id,
            span_id=span_id,
            service=resource.service,
            severity=_severity(record),
            severity_text=record.severity_text[:32],
            body=_body(record, limits),
            logger=scope,
            correlation_id=first(attrs, _names.CORRELATION_ID)[: limits.name],
            exception=_exception(attrs),
            stacktrace=stacktrace,
            version=resource.version,
            resource=resource.id,
            attrs=to_json(attrs),
            dropped=min(dropped + record.dropped_attributes_count, 0xFFFFFFFF),
        )
    )
    batch.log_tokens.append(tokens(attrs))


def _severity(record: Any) -> int:
    if 0 < record.severity_number <= 24:
        return int(record.severity_number)
    return _SEVERITIES.get(record.severity_text.upper(), 0)


def _body(record: Any, limits: Limits) -> str:
    if record.HasField("body"):
        return text_of(plain(record.body, limits.log_body))[: limits.log_body]
    return str(getattr(record, "event_name", ""))[: limits.name]


def _exception(attrs: dict[str, Any]) -> str:
    kind = text_of(attrs.get(_names.EXCEPTION_TYPE))
    message = text_of(attrs.get(_names.EXCEPTION_MESSAGE))
    return f"{kind}: {message}" if kind and message else kind or message
