"""Log records → OTLP (opentelemetry/proto/logs/v1/logs.proto)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from clew import _names
from clew.export import _common
from clew.export import _protobuf as pb

# Fields of a JSON line that stand elsewhere in the OTLP record, and so are no attributes of it.
_ELSEWHERE = frozenset(
    (
        _names.LOG_TIMESTAMP,
        _names.LOG_LEVEL,
        _names.LOG_LOGGER,
        _names.LOG_MESSAGE,
        _names.SERVICE_NAME,
        _names.LOG_TRACE_ID,
        _names.LOG_SPAN_ID,
    )
)


class LogItem(NamedTuple):
    """A log record on its way out. Times are ns since the epoch."""

    time: int
    observed: int
    severity: int  # SeverityNumber of the logs data model, 1 to 24; 0 where unknown
    severity_text: str
    body: Any
    attributes: Mapping[str, Any]
    context: SpanContext | None
    # A logger's name, or the scope of a record made through the OpenTelemetry API.
    scope: str | InstrumentationScope
    event_name: str = ""
    dropped_attributes: int = 0


class LogEncoder:
    """Makes ExportLogsServiceRequests of records that share one resource. For one thread only."""

    def __init__(self, resource: Resource) -> None:
        self._resource = _common.resource(resource)
        self._schema = pb.string(3, resource.schema_url)
        self._attributes = _common.AttributeEncoder(6)

    def encode(self, items: Iterable[LogItem]) -> bytes:
        """The request's bytes. Records keep their order within each scope (logger)."""
        scopes: dict[Any, list[bytes]] = {}
        for item in items:
            scopes.setdefault(item.scope, []).append(self._record(item))
        body = [self._resource]
        for scope, encoded in scopes.items():
            if isinstance(scope, str):
                body.append(
                    pb.delimited(2, pb.delimited(1, pb.string(1, scope)) + b"".join(encoded))
                )
            else:
                schema = pb.string(3, scope.schema_url or "")
                body.append(pb.delimited(2, _common.scope(scope) + b"".join(encoded) + schema))
        body.append(self._schema)
        return pb.delimited(1, b"".join(body))

    def _record(self, item: LogItem) -> bytes:
        context = item.context
        attributes = item.attributes
        if isinstance(item.scope, str):  # the fields of a line, handed over as they were
            attributes = {k: v for k, v in attributes.items() if k not in _ELSEWHERE}
        ids = b""
        if context is not None:
            ids = (
                pb.fixed32(8, context.trace_flags)
                + pb.delimited(9, context.trace_id.to_bytes(16, "big"))
                + pb.delimited(10, context.span_id.to_bytes(8, "big"))
            )
        return pb.delimited(
            2,
            pb.fixed64(1, item.time)
            + pb.unsigned(2, item.severity)
            + pb.string(3, item.severity_text)
            + pb.delimited(5, pb.any_value(item.body))
            + b"".join(self._attributes.encode(attributes))
            + pb.unsigned(7, item.dropped_attributes)
            + ids
            + pb.fixed64(11, item.observed)
            + pb.string(12, item.event_name),
        )
