"""What answers look like, as JSON Schema. Tests hold every answer against these."""

from __future__ import annotations

from typing import Any

from .._names import LEVELS, SPAN_KINDS, SPAN_STATUSES

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
INTEGER_OR_NULL: Schema = {"type": ["integer", "null"]}
BOOLEAN: Schema = {"type": "boolean"}
ANY_MAP: Schema = {"type": "object"}
TEXT_MAP: Schema = {"type": "object", "additionalProperties": TEXT}


def record(**fields: Schema) -> Schema:
    """An object with exactly these fields."""
    return {
        "type": "object",
        "required": list(fields),
        "properties": fields,
        "additionalProperties": False,
    }


def many(item: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": item}


def one_of(*values: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(values)}


_SPAN_FIELDS: dict[str, Schema] = {
    "trace_id": TEXT, "span_id": TEXT, "parent_id": TEXT, "service": TEXT, "name": TEXT,
    "kind": one_of(*SPAN_KINDS), "status": one_of(*SPAN_STATUSES), "status_message": TEXT,
    "time_us": INTEGER, "time_ns": TEXT, "duration_ms": NUMBER, "duration_ns": INTEGER,
    "entry": BOOLEAN, "route": TEXT, "method": TEXT, "code": INTEGER, "version": TEXT,
    "correlation_id": TEXT, "peer": TEXT,
}  # fmt: skip
SPAN_SUMMARY = record(**_SPAN_FIELDS)
EVENT = record(time_us=INTEGER, time_ns=TEXT, name=TEXT, attributes=ANY_MAP)
LINK = record(trace_id=TEXT, span_id=TEXT, attributes=ANY_MAP)
SPAN = record(
    **_SPAN_FIELDS, scope=TEXT, attributes=ANY_MAP, events=many(EVENT), links=many(LINK),
    dropped_attributes=INTEGER,
)  # fmt: skip
LOG = record(
    seq=INTEGER, time_us=INTEGER, time_ns=TEXT, service=TEXT, level=one_of(*LEVELS),
    severity=INTEGER, severity_text=TEXT, message=TEXT, logger=TEXT, trace_id=TEXT, span_id=TEXT,
    correlation_id=TEXT, exception=TEXT, stacktrace=TEXT, version=TEXT, attributes=ANY_MAP,
)  # fmt: skip
TRACE = record(
    trace_id=TEXT, time_us=INTEGER, duration_ms=NUMBER, services=many(TEXT), errors=INTEGER,
    truncated=BOOLEAN, spans=many(SPAN),
    critical_path=many(record(span_id=TEXT, start_us=INTEGER, end_us=INTEGER)),
)  # fmt: skip
TRACE_SUMMARY = record(
    trace_id=TEXT, time_us=INTEGER, duration_ms=NUMBER, spans=INTEGER, errors=INTEGER,
    services=many(TEXT), root_service=TEXT, root_name=TEXT, code=INTEGER, correlation_id=TEXT,
    match=SPAN_SUMMARY,
)  # fmt: skip
CAUSE = record(
    service=TEXT, span=TEXT, span_id=TEXT, trace_id=TEXT, time_us=INTEGER, message=TEXT,
    stacktrace=TEXT, log_seq=INTEGER_OR_NULL, log=TEXT,
)  # fmt: skip
_STEPS: dict[str, Schema] = {"start_us": INTEGER, "step_ms": INTEGER}
ROUTE_LINE = record(
    service=TEXT, name=TEXT, route=TEXT, at_us=INTEGER, duration_ms=NUMBER, **_STEPS,
    rate=many(NUMBER), errors=many(NUMBER), p95_ms=many(NUMBER_OR_NULL),
)  # fmt: skip
_LATENCY: dict[str, Schema] = {
    "p50_ms": NUMBER_OR_NULL, "p95_ms": NUMBER_OR_NULL, "p99_ms": NUMBER_OR_NULL,
}  # fmt: skip
_REQUESTS: dict[str, Schema] = {
    "requests": INTEGER, "rate": NUMBER, "errors": INTEGER, "error_share": NUMBER,
}  # fmt: skip
SERVICE = record(
    name=TEXT, version=TEXT, **_REQUESTS, **_LATENCY, last_us=INTEGER_OR_NULL,
    lines=record(rate=many(NUMBER), errors=many(NUMBER), p95_ms=many(NUMBER_OR_NULL)),
)  # fmt: skip
ROUTE = record(name=TEXT, route=TEXT, method=TEXT, **_REQUESTS, **_LATENCY)
GROUP = record(
    service=TEXT, name=TEXT, status=one_of(*SPAN_STATUSES), code=INTEGER, count=INTEGER,
    p50_ms=NUMBER, p95_ms=NUMBER, max_ms=NUMBER, slowest_trace_id=TEXT,
)  # fmt: skip
_SIDE = record(count=INTEGER, total_ms=NUMBER, self_ms=NUMBER, errors=INTEGER)
DIFFERENCE = record(service=TEXT, name=TEXT, a=_SIDE, b=_SIDE, difference_ms=NUMBER)
VERSION = record(
    version=TEXT, first_us=INTEGER, last_us=INTEGER, requests=INTEGER, errors=INTEGER,
    error_share=NUMBER, **_LATENCY, shape=many(record(upper_ms=NUMBER, count=INTEGER)),
)  # fmt: skip
INSTRUMENT = record(
    name=TEXT, kind=TEXT, unit=TEXT, description=TEXT, monotonic=BOOLEAN, services=many(TEXT),
    labels={"type": "object", "additionalProperties": many(TEXT)}, stats=many(TEXT),
)  # fmt: skip
POINT = record(
    labels=TEXT_MAP, kind=TEXT, unit=TEXT, monotonic=BOOLEAN, time_us=INTEGER, time_ns=TEXT,
    value=NUMBER, count=INTEGER, sum=NUMBER, buckets=many(INTEGER), bounds=many(NUMBER),
)  # fmt: skip
EXEMPLAR = record(
    time_us=INTEGER, time_ns=TEXT, value=NUMBER, trace_id=TEXT, span_id=TEXT, labels=TEXT_MAP
)
NODE = record(
    id=TEXT, name=TEXT, type=one_of("service", "db", "queue", "external"), rate=NUMBER,
    error_share=NUMBER, p95_ms=NUMBER_OR_NULL,
)  # fmt: skip
EDGE = record(
    source=TEXT, target=TEXT, count=INTEGER, rate=NUMBER, errors=INTEGER, error_share=NUMBER,
    p95_ms=NUMBER,
)  # fmt: skip

ANSWERS: dict[str, Schema] = {
    "/status": {
        "type": "object",
        "required": ["version", "spans", "logs", "points", "oldest_us", "newest_us"],
    },
    "/names": record(services=many(TEXT), versions=many(TEXT)),
    "/overview": record(
        **_STEPS, outside=record(requests=INTEGER, errors=INTEGER, rate=NUMBER),
        services=many(SERVICE),
    ),
    "/routes": record(routes=many(ROUTE)),
    "/follow": record(
        id=TEXT, kind=one_of("correlation_id", "trace_id", "span_id", "attribute"),
        traces=many(TRACE), logs=many(LOG), logs_truncated=BOOLEAN,
        cause={"anyOf": [CAUSE, {"type": "null"}]}, routes=many(ROUTE_LINE),
    ),
    "/traces": record(traces=many(TRACE_SUMMARY)),
    "/traces/groups": record(groups=many(GROUP)),
    "/trace": TRACE,
    "/trace_ids": record(trace_ids=many(TEXT)),
    "/compare": record(a=TRACE, b=TRACE, rows=many(DIFFERENCE)),
    "/compare/versions": record(
        service=TEXT, name=TEXT, versions=many(TEXT), a={"anyOf": [VERSION, {"type": "null"}]},
        b={"anyOf": [VERSION, {"type": "null"}]},
    ),
    "/logs": record(logs=many(LOG), last_seq=INTEGER),
    "/logs/histogram": record(**_STEPS, lines=many(INTEGER), errors=many(INTEGER)),
    "/metrics": record(metrics=many(INSTRUMENT)),
    "/metrics/query": record(
        name=TEXT, unit=TEXT, kind=TEXT, stat=TEXT, **_STEPS, lines_left_out=INTEGER,
        lines=many(record(label=TEXT, values=many(NUMBER_OR_NULL))),
    ),
    "/metrics/instant": record(points=many(POINT)),
    "/metrics/exemplars": record(exemplars=many(EXEMPLAR)),
    "/map": record(nodes=many(NODE), edges=many(EDGE)),
}  # fmt: skip
