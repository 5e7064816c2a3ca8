"""Server instrumentation for ASGI applications: one middleware, outermost, for all signals."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from time import time_ns
from typing import Any, NamedTuple

from opentelemetry.context import _RUNTIME_CONTEXT, Context

from clew import _faults, _names, _routes
from clew import _http_server as http
from clew._incoming import ASGI
from clew._runtime import Runtime
from clew.metrics import DurationHistogram
from clew.traces._span import type_name

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_MARK = _routes.EXCHANGE
_MOST_KINDS = 1_000
_logger = logging.getLogger(__name__)
_attach, _detach = _RUNTIME_CONTEXT.attach, _RUNTIME_CONTEXT.detach
_current = _RUNTIME_CONTEXT.get_current


class ClewMiddleware:
    """Wraps an ASGI application. `runtime` is the process's; see `clew.instrument`."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self.app = app
        self.tracer = runtime.tracer
        self.incoming = runtime.incoming(ASGI)
        self.http = runtime.pipeline.http
        self.put = runtime.pipeline.spans.put
        self.access_log = runtime.settings.access_log
        self.id_header = runtime.settings.correlation_headers[0].lower().encode()
        self._excluded = runtime.settings.excluded_urls
        self._kinds: dict[tuple[Any, ...], _Kind] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if (
            (kind != "http" and kind != "websocket")
            or _MARK in scope
            or (self._excluded is not None and self._excluded.search(scope.get("path", "")))
        ):
            await self.app(scope, receive, send)
            return
        kind_of = _WebSocket if kind == "websocket" else _Exchange
        exchange = scope[_MARK] = kind_of(self, scope, receive, send)
        await exchange.run()

    def kind(self, scope: Scope, host: bytes | None) -> _Kind:
        """What `scope` has in common with other requests."""
        key = (scope["method"], scope.get("scheme"), host, scope.get("http_version"))
        found = self._kinds.get(key)
        if found is None:
            if len(self._kinds) >= _MOST_KINDS:  # hosts and methods are the caller's choice
                self._kinds.clear()
            found = self._kinds[key] = self._new_kind(scope, host)
        return found

    def _new_kind(self, scope: Scope, host: bytes | None) -> _Kind:
        scheme = scope.get("scheme") or "http"
        original = scope["method"]
        method = http.method_name(original)
        attributes: dict[str, Any] = {
            _names.HTTP_REQUEST_METHOD: method,
            _names.URL_SCHEME: scheme,
        }
        if method != original:
            attributes[_names.HTTP_REQUEST_METHOD_ORIGINAL] = original
        if scope.get("http_version"):
            attributes[_names.NETWORK_PROTOCOL_VERSION] = scope["http_version"]
        attributes.update(_server(scope, host, scheme))
        active = self.http.active.pair(
            ((_names.HTTP_REQUEST_METHOD, method), (_names.URL_SCHEME, scheme))
        )
        return _Kind(method, scheme, attributes, active)


def _server(scope: Scope, host: bytes | None, scheme: str) -> dict[str, Any]:
    """server.address and server.port, from the Host header, else from the socket."""
    if host:
        address, port = http.host_and_port(host.decode("latin-1"), scheme)
    else:
        address, port = scope.get("server") or ("", None)
    found: dict[str, Any] = {}
    if address:
        found[_names.SERVER_ADDRESS] = address
        if port is not None:
            found[_names.SERVER_PORT] = port
    return found


class _Kind(NamedTuple):
    """What requests of one method, scheme, host and HTTP version share."""

    method: str
    scheme: str
    attributes: dict[str, Any]
    active: tuple[Any, Any]  # (started, finished), see `ActiveRequests`


class _Exchange:
    """One HTTP request and its response."""

    __slots__ = (
        "_active", "_begun", "_client_left", "_end", "_error", "_finished", "_id_header", "_method",
        "_middleware", "_receive", "_scheme", "_scope", "_send", "_span", "_start", "_status",
        "_thread", "_trailers", "routed",
    )  # fmt: skip

    def __init__(
        self, middleware: ClewMiddleware, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._middleware = middleware
        self._scope = scope
        # The scope that the route was found in: middleware may hand on a copy.
        self.routed = scope
        self._receive = receive
        self._send = send
        self._status = 0
        self._end = 0  # ns; when the response's last byte was handed over
        self._finished = False
        self._trailers = False
        self._client_left = False
        self._error = ""  # the error.type

    async def run(self) -> None:
        middleware = self._middleware
        try:
            context = self._begin()
        except Exception:  # a scope that clew does not understand; the application may
            _faults.caught("a request")
            await middleware.app(self._scope, self._receive, self._send)
            return
        token = _attach(context)
        try:
            await middleware.app(self._scope, self.receive, self.send)
        except BaseException as error:
            await self._fail(error)
            raise
        finally:
            if not self._finished:
                self.finish()
            next(self._active)
            # The scope holds this, and this, by way of the server's `send`, the scope. Untied, all
            # of a request goes with its last reference; tied, it would wait for the collector,
            # whose runs then cost more than all the rest of clew.
            del self._scope[_MARK], self._scope, self.routed
            try:
                _detach(token)
            except ValueError:  # closed in another context than opened: cancelled generators
                pass

    def _begin(self) -> Context:
        middleware, scope = self._middleware, self._scope
        self._start = start = time_ns()
        headers = dict(scope["headers"])
        parent, thread, values = middleware.incoming.read(headers, _current())
        self._thread = thread
        self._id_header = (middleware.id_header, thread.encode("latin-1"))
        attributes = self._known(headers)
        attributes[_names.CORRELATION_ID] = thread
        attributes[_names.URL_PATH] = scope["path"]
        query = scope.get("query_string")
        if query:
            attributes[_names.URL_QUERY] = http.redacted_query(query.decode("latin-1"))
        client = scope.get("client")
        if client:
            attributes[_names.CLIENT_ADDRESS] = client[0]
            attributes[_names.NETWORK_PEER_ADDRESS] = client[0]
            attributes[_names.NETWORK_PEER_PORT] = client[1]
        agent = headers.get(b"user-agent")
        if agent is not None:
            attributes[_names.USER_AGENT_ORIGINAL] = agent.decode("latin-1")
        self._span, context = http.start_server_span(
            middleware.tracer, self._method, parent, values, attributes, start
        )
        next(self._begun)
        return context

    def _known(self, headers: dict[bytes, bytes]) -> dict[str, Any]:
        """Attributes that this request shares with others."""
        kind = self._middleware.kind(self._scope, headers.get(b"host"))
        self._method, self._scheme = kind.method, kind.scheme
        self._begun, self._active = kind.active
        return kind.attributes.copy()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._client_left = True
        return message

    # No coroutine function, so that most messages cost no further frame.
    def send(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "http.response.body":
            if message.get("more_body") or self._trailers:
                return self._send(message)
            return self._send_last(message)
        if kind == "http.response.start":
            self._status = message["status"]
            self._trailers = bool(message.get("trailers"))
            return self._send(self._with_id(message))
        if (
            kind == "http.response.pathsend"
            or (kind == "http.response.trailers" and not message.get("more_trailers"))
            or (kind == "http.response.zerocopysend" and not message.get("more_body"))
        ):
            return self._send_last(message)
        return self._send(message)

    def _with_id(self, message: Message) -> Message:
        # A dict and a list of its own: the application may keep its message and use it again.
        return {**message, "headers": [*message.get("headers", ()), self._id_header]}

    async def _send_last(self, message: Message) -> None:
        await self._send(message)
        self._end = time_ns()
        # After a 5xx the exception that caused it may still be on its way up to here.
        if self._status < 500 and not self._finished:
            self.finish()

    async def _fail(self, error: BaseException) -> None:
        """Note the exception that left the application, and let the caller have the id."""
        http.leave_origin(error, self._span, self._thread)
        if self._finished:
            return  # a background task's: the request itself was answered before
        self._error = type_name(error)
        http.note_exception(self._span, error)
        if not self._status and isinstance(error, Exception):
            await self._answer_500()

    async def _answer_500(self) -> None:
        """The answer that the server would give, with the correlation id on it."""
        body = b"Internal Server Error"
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"21")]
        start = {"type": "http.response.start", "status": 500, "headers": headers}
        try:
            await self.send(start)
            await self.send({"type": "http.response.body", "body": body})
        except Exception:  # the connection is gone; the application's exception matters more
            _logger.debug("The 500 could not be sent.", exc_info=True)

    def finish(self) -> None:
        """End the span, measure, and write the access line."""
        self._finished = True
        error = self._error
        if not error:
            if self._status >= 500:
                error = str(self._status)
            elif not self._end:
                error = "ClientDisconnect" if self._client_left else "IncompleteResponse"
        middleware = self._middleware
        try:
            self._hand_over(middleware, error)
        except Exception:
            _faults.caught("the end of a request")

    def _hand_over(self, middleware: ClewMiddleware, error: str) -> None:
        http.finish(
            http.Finished(
                span=self._span,
                thread=self._thread,
                method=self._method,
                scheme=self._scheme,
                path=self._scope["path"],
                route=_routes.template(self.routed),
                status=self._status,
                error=error,
                start=self._start,
                end=self._end or time_ns(),
            ),
            self._histogram(),
            middleware.put,
            middleware.access_log,
        )

    def _histogram(self) -> DurationHistogram | None:
        return self._middleware.http.server


class _WebSocket(_Exchange):
    """One WebSocket connection: a span as long as it lasts, and no duration metric.

    A connection that is open for hours would tell nothing among request durations.
    """

    __slots__ = ()

    def _known(self, headers: dict[bytes, bytes]) -> dict[str, Any]:
        scope = self._scope
        self._method, self._scheme = "WS", scope.get("scheme") or "ws"
        self._begun = self._active = itertools.count()
        return {
            _names.URL_SCHEME: self._scheme,
            _names.NETWORK_PROTOCOL_NAME: "websocket",
            **_server(scope, headers.get(b"host"), self._scheme),
        }

    async def receive(self) -> Message:
        return await self._receive()

    def send(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "websocket.accept":
            self._status = 101
            message = self._with_id(message)
        elif kind == "websocket.http.response.start":
            self._status = message["status"]
            message = self._with_id(message)
        elif kind == "websocket.close" and not self._status:
            self._status = 403  # ASGI specification, "Close - send event"
        return self._send(message)

    async def _answer_500(self) -> None:
        """Nothing: the server closes the connection."""

    def finish(self) -> None:
        self._end = time_ns()
        super().finish()

    def _histogram(self) -> None:
        return None
