"""What ASGI and WSGI requests have in common: names, attributes, incoming context, measurement.

Source: HTTP semantic conventions, https://opentelemetry.io/docs/specs/semconv/http/, stable part.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, Status, StatusCode

from clew import _faults, _names
from clew._incoming import Stranger
from clew.logs import ORIGIN
from clew.metrics import DurationHistogram
from clew.traces import ClewSpan

if TYPE_CHECKING:
    from clew._path_native import Path

_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
OTHER_METHOD = "_OTHER"
ANY_METHOD = "HTTP"  # what stands for it in a span's name
_ERROR = Status(StatusCode.ERROR)
_logger = logging.getLogger(__name__)
_access = logging.getLogger(_names.ACCESS_LOGGER)


def method_name(method: str) -> str:
    """`method` if it is a known one, else "_OTHER": callers must not choose our label values."""
    return method if method in _METHODS else OTHER_METHOD


def span_name(method: str) -> str:
    """The name of a request's span while its route is not known."""
    return ANY_METHOD if method == OTHER_METHOD else method


class Exchange:
    """One request and its response: what servers of every kind know of it."""

    __slots__ = ("context", "error", "method", "scheme", "span", "start", "status", "thread")

    status: int  # 0: no response was started
    error: str  # the error.type; "" for none
    # Known once the request has begun.
    context: Context  # that the application is called in
    method: str
    scheme: str
    span: ClewSpan | NonRecordingSpan
    start: int  # ns since the epoch
    thread: str  # the correlation id


def note_stranger(span: Span, said: Stranger) -> None:
    """Keep on `span` what its caller said and is not trusted with."""
    if said.context is not None:
        span.add_link(said.context)
    if said.thread is not None:
        span.set_attribute(_names.CORRELATION_ID_CLAIMED, said.thread)


def leave_origin(error: BaseException, span: Span, thread: str) -> None:
    """Let whoever logs `error` later, outside the request's context, find whose it was."""
    try:
        setattr(error, ORIGIN, (span.get_span_context(), thread))
    except Exception:  # an exception with slots, or with a __setattr__ of its own
        _logger.debug("An exception cannot carry its origin.", exc_info=True)


def note_exception(span: Span, error: BaseException) -> None:
    """Record `error`, which nothing handled, on `span`."""
    try:
        span.record_exception(error, escaped=True)
        span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
    except Exception:  # its __str__ may fail
        _faults.caught("an exception")


def finish(
    done: Exchange,
    path: str,
    route: str | None,
    end: int,
    histogram: DurationHistogram | None,
    put: Callable[[Any], None],
    access_log: bool,
    compiled: Path | None,
) -> None:
    """Write the access line, end the span at `end` (ns since the epoch), and hand both it and the
    measurement over."""
    if access_log:
        _log_access(done, path, route, end)
    if compiled is not None and compiled.end(done, route, end, histogram):
        return
    span = done.span
    # The values of `metrics.SERVER_KEYS`.
    measured = (done.method, done.scheme, route, done.status, done.error)
    if isinstance(span, ClewSpan):
        attributes = span._attributes
        if route is not None:
            attributes[_names.HTTP_ROUTE] = route
            name = span._name
            if name == done.method or name == ANY_METHOD:  # else the application has named it
                span._name = f"{name} {route}"
        if done.status:
            attributes[_names.HTTP_RESPONSE_STATUS_CODE] = done.status
        if done.error:
            attributes[_names.ERROR_TYPE] = done.error
            if span._status.status_code is StatusCode.UNSET:
                span._status = _ERROR
        if histogram is not None:
            span._histogram = histogram
            span._measured = measured
        span._tracer.finish(span, end)
    elif histogram is not None:  # not sampled, but counted
        put((histogram, measured, (end - done.start) / 1e9, end))


def _log_access(done: Exchange, path: str, route: str | None, end: int) -> None:
    level = logging.ERROR if done.status >= 500 else logging.INFO
    if not _access.isEnabledFor(level):
        return
    message = f"{done.method} {path} {done.status}"
    # Not Logger.info: it would look for its caller's file and line, which say nothing here.
    record = logging.LogRecord(_access.name, level, "", 0, message, None, None)
    fields = record.__dict__
    fields[_names.HTTP_REQUEST_METHOD] = done.method
    if route is not None:
        fields[_names.HTTP_ROUTE] = route
    fields[_names.URL_PATH] = path
    fields[_names.HTTP_RESPONSE_STATUS_CODE] = done.status
    fields[_names.LOG_DURATION] = (end - done.start) / 1e9
    fields[ORIGIN] = (done.span.get_span_context(), done.thread)
    _access.handle(record)
