"""What HTTP clients have in common: the headers that carry the thread on, and the span."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from time import time_ns
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from opentelemetry.baggage import _BAGGAGE_KEY
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation import _SPAN_KEY

from clew import _context, _faults, _http_server, _names, _path, _urls, correlation
from clew._context import SUPPRESS, SUPPRESS_ALL
from clew._incoming import active_parent, by_hand
from clew._runtime import Runtime
from clew.traces import ClewSpan, Shared
from clew.traces._span import type_name

_MOST_PLACES = 1_000


class Outgoing:
    """Writes the current thread into the headers of a request.

    For the default propagators by hand, for others by asking them.
    """

    def __init__(
        self,
        propagator: TextMapPropagator,
        propagators: Sequence[str],
        correlation_headers: Sequence[str],
    ) -> None:
        """`propagators` are the names that `propagator` was made of."""
        self._propagator = propagator
        self.by_hand = by_hand(propagators)
        self.header = correlation_headers[0]

    def inject(self, headers: MutableMapping[str, Any], ids: SpanContext, context: Context) -> None:
        thread = correlation.get(context)
        carried = context.get(_BAGGAGE_KEY)
        # Unpacked as the tuple that it is: its properties are Python functions.
        trace_id, span_id, _, flags, state, _ = ids
        only_ours = not carried or carried == {_names.CORRELATION_ID: thread}
        if not self.by_hand or not only_ours or state:
            self._propagator.inject(headers, context)
            return
        headers["traceparent"] = f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}"
        if thread is not None:
            if carried:
                quoted = thread if thread.isascii() and thread.isalnum() else quote_plus(thread)
                headers["baggage"] = f"{_names.CORRELATION_ID}={quoted}"
            headers[self.header] = thread


class HttpClient:
    """Makes the CLIENT span of one request, for the hook of one client library."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        self._tracer = runtime.tracer
        self._histogram = runtime.pipeline.http.client
        self._put = runtime.pipeline.spans.put
        self._outgoing = Outgoing(
            runtime.propagator, settings.propagators, settings.correlation_headers
        )
        self._places: dict[tuple[str, str, str], _Place] = {}
        self._compiled = _path.client(runtime, self._outgoing, self._places, ClientCall)

    def begin(self, method: str, url: str, headers: MutableMapping[str, Any]) -> ClientCall | None:
        """The call, its headers injected; None where another instrumentation sees to it."""
        if self._compiled is not None:
            call: ClientCall | None = self._compiled.client(self, method, url, headers)
            if call is not None:
                return call
        context = _context.current()
        if context.get(SUPPRESS) or context.get(SUPPRESS_ALL):
            return None
        start = time_ns()
        place = self._place(method, url)
        attributes = place.shared.attributes.copy()
        attributes[_names.URL_FULL] = _urls.clean_url(url)
        thread = correlation.get(context)
        if thread is not None:
            attributes[_names.CORRELATION_ID] = thread
        name = _http_server.span_name(place.method)
        span = self._tracer.begin(
            name, active_parent(context), SpanKind.CLIENT, attributes, start, place.shared, context
        )
        inside = Context({**context, _SPAN_KEY: span, SUPPRESS: True})
        self._outgoing.inject(headers, span.get_span_context(), inside)
        return ClientCall(self, span, inside, place, start)

    def _place(self, method: str, url: str) -> _Place:
        scheme, _, rest = url.partition("://")
        host = rest.partition("/")[0]
        key = method, scheme, host
        return self._places.get(key) or self._new_place(key)

    def _new_place(self, key: tuple[str, str, str]) -> _Place:
        method, scheme, host = key
        known = _http_server.method_name(method)
        address, port = _urls.host_and_port(host.partition("?")[0].rpartition("@")[2], scheme)
        attributes: dict[str, Any] = {
            _names.HTTP_REQUEST_METHOD: known,
            _names.SERVER_ADDRESS: address,
        }
        if port is not None:
            attributes[_names.SERVER_PORT] = port
        if known != method:
            attributes[_names.HTTP_REQUEST_METHOD_ORIGINAL] = method
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        place = self._places[key] = _Place(known, address, port, Shared(attributes))
        return place


class _Place(NamedTuple):
    """What requests of one method to one server share."""

    method: str
    address: str
    port: int | None
    shared: Shared


class ClientCall:
    """One request under way; `context` is to be current while it is."""

    __slots__ = ("_client", "_place", "_span", "_start", "context")

    def __init__(
        self,
        client: HttpClient,
        span: ClewSpan | NonRecordingSpan,
        context: Context,
        place: _Place,
        start: int,
    ) -> None:
        self._client = client
        self._span = span
        self.context = context
        self._place = place
        self._start = start

    def end(self, status: int = 0, error: BaseException | None = None) -> None:
        """The answer came with `status`, or `error` came instead."""
        end, client = time_ns(), self._client
        try:
            if (
                error is not None
                or client._compiled is None
                or not client._compiled.end_client(self, end, status, client._histogram)
            ):
                self._end(end, status, error)
        except Exception:
            _faults.caught("the end of a client's request")

    def _end(self, end: int, status: int, error: BaseException | None) -> None:
        kind = type_name(error) if error is not None else str(status) if status >= 400 else ""
        span, client = self._span, self._client
        method, address, port, _ = self._place
        # The values of `metrics.CLIENT_KEYS`.
        measured = (method, address, port, status, kind)
        if not isinstance(span, ClewSpan):
            client._put((client._histogram, measured, (end - self._start) / 1e9, end))
            return
        if status:
            span._attributes[_names.HTTP_RESPONSE_STATUS_CODE] = status
        if kind:
            span._attributes[_names.ERROR_TYPE] = kind
            if error is not None:
                _http_server.note_exception(span, error)
            else:
                span.set_status(Status(StatusCode.ERROR))
        span._histogram = client._histogram
        span._measured = measured
        span._tracer.finish(span, end)
