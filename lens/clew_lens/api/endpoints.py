"""What can be asked, each with its parameters; the OpenAPI document is made from this list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._errors import BadRequest
from .._names import LEVELS, SPAN_STATUSES
from ..query import compare, follow, logs, map, metrics, overview, status, traces
from ..store.database import Reader
from .params import WINDOW, Param, Values, limit, window

Answer = Callable[[Reader, Values], Any]


@dataclass(frozen=True)
class Endpoint:
    """One GET under /api/v1."""

    path: str
    doc: str
    params: tuple[Param, ...]
    answer: Answer


_ID = Param("id", "A correlation id, trace id, span id or key=value.", required=True)
_SERVICE = Param("service", "Only this service.")
_ATTRIBUTE = Param("attribute", "Only with this attribute, as key=value.")
_NAME = Param("name", "Only spans of this name.")
_SPAN = (
    _SERVICE,
    _NAME,
    Param("route", "Only this http.route."),
    Param("status", "Only this span status.", choices=SPAN_STATUSES),
    Param("code", "Only this HTTP status code.", "integer", 0),
    Param("version", "Only this service.version."),
    _ATTRIBUTE,
    Param("min_ms", "At least this long.", "number", 0.0),
    Param("max_ms", "At most this long.", "number", 0.0),
    Param("entries", "Only spans by which a request entered a service.", "boolean", True),
)
_LOG = (
    Param("text", "In the message or the exception, in any case."),
    _SERVICE,
    Param("level", "This level and above.", choices=LEVELS),
    Param("logger", "Only this logger."),
    Param("trace_id", "Only of this trace."),
    Param("correlation_id", "Only of this correlation id."),
    _ATTRIBUTE,
    Param("after_seq", "Only what arrived after this `seq`; oldest first.", "integer", 0),
)
_METRIC = Param("name", "The instrument's name.", required=True)
_LABELS = Param("labels", "Labels that must hold: key=value, several divided by commas.")


def _read(params: tuple[Param, ...], values: Values) -> dict[str, Any]:
    return {param.name: param.read(values) for param in params}


def _labels(values: Values) -> dict[str, str]:
    text = _LABELS.read(values)
    found: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        key, separator, value = pair.partition("=")
        if not separator:
            raise BadRequest(f"labels {pair[:40]!r} isn't of the form key=value")
        found[key.strip()] = value.strip()
    return found


def _traces(read: Reader, values: Values) -> Any:
    wanted = traces.Search(**_read(_SPAN, values))
    most, slowest = _MOST.read(values), _ORDER.read(values) == "slowest"
    return {"traces": traces.search(read, window(values), wanted, slowest=slowest, limit=most)}


def _groups(read: Reader, values: Values) -> Any:
    wanted = traces.Search(**_read(_SPAN, values))
    return {"groups": traces.groups(read, window(values), wanted)}


def _logs(read: Reader, values: Values) -> Any:
    wanted = logs.Search(**_read(_LOG, values))
    # Without a window of its own, an id is looked for in all time.
    given = any(values.get(name) for name in ("since", "from", "to"))
    by_id = wanted.trace_id or wanted.correlation_id or wanted.after_seq
    when = None if by_id and not given else window(values)
    most, oldest = _MOST_LINES.read(values), _LOG_ORDER.read(values) == "oldest"
    return logs.search(read, wanted, when, limit=most, oldest=oldest)


def _exemplars(read: Reader, values: Values) -> Any:
    found = metrics.exemplars(
        read,
        window(values),
        _METRIC.read(values),
        _labels(values),
        limit=_MOST_EXEMPLARS.read(values),
        spread=_SPREAD.read(values),
    )
    return {"exemplars": found}


def _trace_ids(read: Reader, values: Values) -> Any:
    return {"trace_ids": traces.ids(read, window(values), _CORRELATION.read(values))}


def _histogram(read: Reader, values: Values) -> Any:
    return logs.histogram(read, logs.Search(**_read(_LOG, values)), window(values))


def _metric(read: Reader, values: Values) -> Any:
    by, stat = _BY.read(values), _STAT.read(values)
    return metrics.query(read, window(values), _METRIC.read(values), _labels(values), by, stat)


def _versions(read: Reader, values: Values) -> Any:
    wanted = _read(_VERSIONS, values)
    return compare.versions(
        read, window(values), wanted["service"], wanted["name"], wanted["a"], wanted["b"]
    )


_MOST = limit(50, 500)
_MOST_LINES = limit(200, 2000)
_MOST_EXEMPLARS = limit(500, 5000)
_ORDER = Param("order", "Newest first or slowest first.", choices=("newest", "slowest"))
_LOG_ORDER = Param("order", "Newest first or oldest first.", choices=("newest", "oldest"))
_CORRELATION = Param("correlation_id", "The whole correlation id.", required=True)
_SPREAD = Param("spread", "A few of each step instead of all.", "boolean", False)
_BY = Param("by", "A label: one line for each of its values.")
_STAT = Param("stat", "What to draw; the catalog says which fit.", choices=metrics.STATS)
_A = Param("a", "The one trace id.", required=True)
_B = Param("b", "The other trace id.", required=True)
_ROUTES_OF = Param("service", "The service.", required=True)
_VERSIONS = (
    _ROUTES_OF,
    Param("name", "The span name, such as `GET /users/{user_id}`.", required=True),
    Param("a", "The one version; the last but one where not given."),
    Param("b", "The other version; the last where not given."),
)

ENDPOINTS = (
    Endpoint("/status", "What is stored, and how intake goes.", (),
             lambda read, values: status.status(read)),
    Endpoint("/names", "Services and versions, for search fields.", (),
             lambda read, values: status.names(read)),
    Endpoint("/overview", "Every service: rate, errors, latency, sparklines; red ones first.",
             WINDOW, lambda read, values: overview.overview(read, window(values))),
    Endpoint("/routes", "What one service is asked for.", (_ROUTES_OF, *WINDOW),
             lambda read, values: {
                 "routes": overview.routes(read, window(values), _ROUTES_OF.read(values))}),
    Endpoint("/follow", "Everything about one request: traces, log lines, cause, its routes.",
             (_ID,), lambda read, values: follow.follow(read, _ID.read(values))),
    Endpoint("/traces", "Traces with a span that fits.", (*_SPAN, _ORDER, _MOST, *WINDOW), _traces),
    Endpoint("/traces/groups", "Entry spans by name and outcome.", (*_SPAN, *WINDOW), _groups),
    Endpoint("/trace", "One trace with all detail.", (_ID,),
             lambda read, values: traces.trace(read, _ID.read(values))),
    Endpoint("/trace_ids", "Ids of the traces with a correlation id, in order of their start.",
             (_CORRELATION, *WINDOW), _trace_ids),
    Endpoint("/compare", "Two traces side by side.", (_A, _B),
             lambda read, values: compare.traces(read, _A.read(values), _B.read(values))),
    Endpoint("/compare/versions", "One route in two versions.", (*_VERSIONS, *WINDOW), _versions),
    Endpoint("/logs", "Log lines, newest first; with after_seq, oldest first.",
             (*_LOG, _LOG_ORDER, _MOST_LINES, *WINDOW), _logs),
    Endpoint("/logs/histogram", "Log lines over time.", (*_LOG, *WINDOW), _histogram),
    Endpoint("/metrics", "Every instrument with its labels.", (),
             lambda read, values: {"metrics": metrics.catalog(read)}),
    Endpoint("/metrics/query", "One instrument over time.",
             (_METRIC, _LABELS, _BY, _STAT, *WINDOW), _metric),
    Endpoint("/metrics/instant", "The last point of each stream of an instrument.",
             (_METRIC, _LABELS), lambda read, values: {
                 "points": metrics.instant(read, _METRIC.read(values), _labels(values))}),
    Endpoint("/metrics/exemplars", "Measured values that name their trace.",
             (_METRIC, _LABELS, _SPREAD, _MOST_EXEMPLARS, *WINDOW), _exemplars),
    Endpoint("/map", "Services, databases and queues, and the calls between them.", WINDOW,
             lambda read, values: map.service_map(read, window(values))),
)  # fmt: skip
