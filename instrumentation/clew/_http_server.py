"""What ASGI and WSGI requests have in common: names, attributes, incoming context, measurement.

Source: HTTP semantic conventions, https://opentelemetry.io/docs/specs/semconv/http/, stable part.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from opentelemetry import context as context_api
from opentelemetry import propagate
from opentelemetry.baggage import _BAGGAGE_KEY
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceState,
)
from opentelemetry.trace.propagation import _SPAN_KEY

from clew import _names, correlation
from clew.logs import ORIGIN
from clew.metrics import DurationHistogram
from clew.traces import ClewSpan, ClewTracer
from clew.traces._tracer import _FLAGS

_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
OTHER_METHOD = "_OTHER"
# W3C Trace Context, section 3.2. Another version, or anything odd, takes the slow path.
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# Query parameters that the convention tells to redact: they sign requests.
_SECRET_PARAMETERS = frozenset(
    ("AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature", "X-Amz-Signature",
     "X-Amz-Credential", "X-Amz-Security-Token")
)  # fmt: skip
_ERROR = Status(StatusCode.ERROR)
_access = logging.getLogger(_names.ACCESS_LOGGER)
_new = tuple.__new__
_Headers = Mapping[str, str]


class _HeaderGetter(Getter[_Headers]):
    def get(self, carrier: _Headers, key: str) -> list[str] | None:
        value = carrier.get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: _Headers) -> list[str]:
        return list(carrier)


_GETTER = _HeaderGetter()


def method_name(method: str) -> str:
    """`method` if it is a known one, else "_OTHER": callers must not choose our label values."""
    return method if method in _METHODS else OTHER_METHOD


def redacted_query(query: str) -> str:
    """`query` with the values of signing parameters replaced."""
    if not any(name in query for name in _SECRET_PARAMETERS):
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(k, "REDACTED" if k in _SECRET_PARAMETERS else v) for k, v in pairs])


def host_and_port(host: str, scheme: str) -> tuple[str, int | None]:
    """Address and port of a Host header; the scheme's own port where it names none."""
    try:
        parts = urlsplit("//" + host)
        port = parts.port
        address = parts.hostname or ""
    except ValueError:  # a caller's nonsense
        return "", None
    return address, port or {"http": 80, "https": 443, "ws": 80, "wss": 443}.get(scheme)


class Incoming:
    """Turns the headers of a request into the context that its span continues.

    For the propagators of the default configuration it does by hand what they would do; for others,
    or where baggage comes along, it asks them.
    """

    def __init__(self, propagators: Sequence[str], correlation_headers: Sequence[str]) -> None:
        self._by_hand = set(propagators) == {"tracecontext", "baggage"}
        self._correlation = tuple(name.lower() for name in correlation_headers)

    def read(
        self, headers: _Headers, inherit: bool = True
    ) -> tuple[SpanContext | None, str, Context]:
        """(parent, correlation id, context) of a request with `headers` (lower-case names).

        The context holds the id and the baggage, not yet a span. With `inherit` it begins as the
        current one, which an in-process client may have set.
        """
        parent: SpanContext | None = None
        if self._by_hand and "baggage" not in headers:
            thread = self._thread(headers)
            line = headers.get("traceparent")
            if line is not None:
                parent = self._parent(line, headers)
            values: dict[str, Any] = {
                correlation.KEY: thread,
                _BAGGAGE_KEY: {_names.CORRELATION_ID: thread},
            }
            current = context_api.get_current() if inherit else None
            if current:  # an in-process client, or an outer middleware, left something there
                values = {**current, **values}
            return parent, thread, Context(values)
        extracted = propagate.extract(headers, None if inherit else Context(), _GETTER)
        active = extracted.get(_SPAN_KEY)
        if isinstance(active, NonRecordingSpan):  # came with the headers
            found = active.get_span_context()
            parent = found if found.is_valid else None
        carried = correlation.get(extracted)
        thread = self._thread(headers) if carried is None else carried
        return parent, thread, correlation.with_id(thread, extracted)

    def _thread(self, headers: _Headers) -> str:
        for name in self._correlation:
            value = headers.get(name)
            if value is not None:
                return correlation.accept(value)
        return correlation.new_id()

    def _parent(self, line: str, headers: _Headers) -> SpanContext | None:
        match = _TRACEPARENT.fullmatch(line)
        if match is None:
            context = propagate.extract(headers, Context(), _GETTER)
            span = context.get(_SPAN_KEY)
            found = span.get_span_context() if isinstance(span, NonRecordingSpan) else None
            return found if found is not None and found.is_valid else None
        trace_id, span_id = int(match[1], 16), int(match[2], 16)
        if not trace_id or not span_id:
            return None
        state = headers.get("tracestate")
        return _new(
            SpanContext,
            (
                trace_id,
                span_id,
                True,
                _FLAGS[int(match[3], 16) & 3],
                TraceState.from_header([state]) if state else DEFAULT_TRACE_STATE,
                True,
            ),
        )


def start_server_span(
    tracer: ClewTracer,
    method: str,
    parent: SpanContext | None,
    context: Context,
    attributes: dict[str, Any],
    start: int,
) -> tuple[ClewSpan | NonRecordingSpan, Context]:
    """The SERVER span (`start` in ns since the epoch), and `context` with it as the current one."""
    name = "HTTP" if method == OTHER_METHOD else method
    if tracer.follows_parent:
        own, recording, _ = tracer.decide(parent, context, name, SpanKind.SERVER, attributes)
    else:
        if parent is not None:  # a sampler finds its parent in the context
            remote = NonRecordingSpan(parent)
            context = context_api.set_value(_SPAN_KEY, remote, context)
        own, recording, sampled = tracer.decide(parent, context, name, SpanKind.SERVER, attributes)
        attributes = dict(sampled or ())
    span: ClewSpan | NonRecordingSpan
    if recording:
        span = ClewSpan(tracer, name, own, parent, SpanKind.SERVER, attributes, start)
        tracer.started(span, context)
    else:
        span = NonRecordingSpan(own)
    return span, Context({**context, _SPAN_KEY: span})


class Finished(NamedTuple):
    """All that is known of a request at its end. Times are ns since the epoch."""

    span: ClewSpan | NonRecordingSpan
    thread: str
    method: str
    scheme: str
    path: str
    route: str | None
    status: int  # 0: no response was started
    error: str  # the error.type; "" for none
    start: int
    end: int


def finish(
    done: Finished,
    histogram: DurationHistogram | None,
    put: Callable[[Any], None],
    access_log: bool,
) -> None:
    """Write the access line, end the span, and hand both it and the measurement over."""
    if access_log:
        _log_access(done)
    span = done.span
    if isinstance(span, ClewSpan):
        _complete(span, done)
        if histogram is not None:
            span._measured = (histogram, _measured(done))
        span._tracer.finish(span, done.end)
    elif histogram is not None:  # not sampled, but counted
        put((histogram, _measured(done), (done.end - done.start) / 1e9, done.end))


def _complete(span: ClewSpan, done: Finished) -> None:
    attributes = span._attributes
    if done.route is not None:
        attributes[_names.HTTP_ROUTE] = done.route
        if span._name in ("HTTP", done.method):  # else the application has named it
            span._name = f"{span._name} {done.route}"
    if done.status:
        attributes[_names.HTTP_RESPONSE_STATUS_CODE] = done.status
    if done.error:
        attributes[_names.ERROR_TYPE] = done.error
        if span._status.status_code is StatusCode.UNSET:
            span._status = _ERROR


def _measured(done: Finished) -> tuple[Any, ...]:
    pairs: tuple[Any, ...] = (
        (_names.HTTP_REQUEST_METHOD, done.method),
        (_names.URL_SCHEME, done.scheme),
    )
    if done.route is not None:
        pairs += ((_names.HTTP_ROUTE, done.route),)
    if done.status:
        pairs += ((_names.HTTP_RESPONSE_STATUS_CODE, done.status),)
    if done.error:
        pairs += ((_names.ERROR_TYPE, done.error),)
    return pairs


def _log_access(done: Finished) -> None:
    level = logging.ERROR if done.status >= 500 else logging.INFO
    if not _access.isEnabledFor(level):
        return
    message = f"{done.method} {done.path} {done.status}"
    # Not Logger.info: it would look for its caller's file and line, which say nothing here.
    record = logging.LogRecord(_access.name, level, "", 0, message, None, None)
    fields = record.__dict__
    fields[_names.HTTP_REQUEST_METHOD] = done.method
    if done.route is not None:
        fields[_names.HTTP_ROUTE] = done.route
    fields[_names.URL_PATH] = done.path
    fields[_names.HTTP_RESPONSE_STATUS_CODE] = done.status
    fields[_names.LOG_DURATION] = (done.end - done.start) / 1e9
    fields[ORIGIN] = (done.span.get_span_context(), done.thread)
    _access.handle(record)
