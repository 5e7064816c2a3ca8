"""Server instrumentation for ASGI applications: one middleware, outermost, for all signals."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from time import time_ns
from typing import Any

from opentelemetry.context import _RUNTIME_CONTEXT, Context
from opentelemetry.trace import Status, StatusCode

from clew import _http_server as http
from clew import _names, _routes
from clew._runtime import Runtime
from clew.logs import ORIGIN
from clew.metrics import DurationHistogram
from clew.traces import ClewSpan
from clew.traces._span import type_name

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_MARK = "clew"
_MOST_TEMPLATES = 1_000
_logger = logging.getLogger(__name__)
_attach, _detach = _RUNTIME_CONTEXT.attach, _RUNTIME_CONTEXT.detach


class ClewMiddleware:
    """Wraps an ASGI application. `runtime` is the process's; see `clew.instrument`."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self.app = app
        self.tracer = runtime.tracer
        self.incoming = runtime.incoming
        self.http = runtime.pipeline.http
        self.put = runtime.pipeline.spans.put
        self.access_log = runtime.settings.access_log
        self.id_header = runtime.settings.correlation_headers[0].lower().encode()
        self._excluded = runtime.settings.excluded_urls
        # (method, scheme, host, HTTP version) → the attributes that requests alike in these share
        self._templates: dict[tuple[Any, ...], dict[str, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if (
            (kind != "http" and kind != "websocket")
            or _MARK in scope
            or (self._excluded is not None and self._excluded.search(scope.get("path", "")))
        ):
            await self.app(scope, receive, send)
            return
        scope[_MARK] = self
        exchange = _WebSocket if kind == "websocket" else _Exchange
        await exchange(self, scope, receive, send).run()

    def attributes(self, scope: Scope, headers: dict[str, str]) -> dict[str, Any]:
        """The span attributes that are known when the request arrives."""
        key = (
            scope.get("method", "GET"),
            scope.get("scheme", "http"),
            headers.get("host"),
            scope.get("http_version"),
        )
        shared = self._templates.get(key)
        if shared is None:
            shared = self._template(key, scope)
        found = shared.copy()
        found[_names.URL_PATH] = scope["path"]
        query = scope.get("query_string")
        if query:
            found[_names.URL_QUERY] = http.redacted_query(query.decode("latin-1"))
        client = scope.get("client")
        if client:
            found[_names.CLIENT_ADDRESS] = client[0]
            found[_names.NETWORK_PEER_ADDRESS] = client[0]
            found[_names.NETWORK_PEER_PORT] = client[1]
        agent = headers.get("user-agent")
        if agent is not None:
            found[_names.USER_AGENT_ORIGINAL] = agent
        return found

    def _template(self, key: tuple[Any, ...], scope: Scope) -> dict[str, Any]:
        method, scheme, host, version = key
        found: dict[str, Any] = {_names.URL_SCHEME: scheme}
        if scope["type"] == "websocket":
            found[_names.NETWORK_PROTOCOL_NAME] = "websocket"
        else:
            known = http.method_name(method)
            found[_names.HTTP_REQUEST_METHOD] = known
            if known != method:
                found[_names.HTTP_REQUEST_METHOD_ORIGINAL] = method
            if version:
                found[_names.NETWORK_PROTOCOL_VERSION] = version
        address, port = (
            http.host_and_port(host, scheme) if host else scope.get("server") or ("", None)
        )
        if address:
            found[_names.SERVER_ADDRESS] = address
            if port is not None:
                found[_names.SERVER_PORT] = port
        if len(self._templates) >= _MOST_TEMPLATES:  # hosts and methods are the caller's choice
            self._templates.clear()
        self._templates[key] = found
        return found


class _Exchange:
    """One HTTP request and its response."""

    __slots__ = (
        "_active", "_client_left", "_end", "_error", "_finished", "_id_header", "_method",
        "_middleware", "_receive", "_scheme", "_scope", "_send", "_span", "_start", "_status",
        "_thread", "_trailers",
    )  # fmt: skip

    def __init__(
        self, middleware: ClewMiddleware, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._middleware = middleware
        self._scope = scope
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
        token = _attach(self._begin())
        try:
            await middleware.app(self._scope, self.receive, self.send)
        except BaseException as error:
            await self._fail(error)
            raise
        finally:
            if not self._finished:
                self.finish()
            next(self._active)
            try:
                _detach(token)
            except ValueError:  # closed in another context than opened: cancelled generators
                pass

    def _begin(self) -> Context:
        middleware, scope = self._middleware, self._scope
        self._start = start = time_ns()
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        parent, thread, context = middleware.incoming.read(headers)
        attributes = middleware.attributes(scope, headers)
        attributes[_names.CORRELATION_ID] = self._thread = thread
        self._id_header = (middleware.id_header, thread.encode("latin-1"))
        self._scheme = attributes[_names.URL_SCHEME]
        self._method = method = self._span_method()
        started, self._active = self._counts(method)
        next(started)
        self._span, context = http.start_server_span(
            middleware.tracer, method, parent, context, attributes, start
        )
        return context

    def _span_method(self) -> str:
        return http.method_name(self._scope["method"])

    def _counts(self, method: str) -> tuple[Any, Any]:
        return self._middleware.http.active.pair(
            ((_names.HTTP_REQUEST_METHOD, method), (_names.URL_SCHEME, self._scheme))
        )

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
        if kind == "http.response.pathsend" or (
            kind == "http.response.trailers" and not message.get("more_trailers")
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
        if self._status < 500:
            self.finish()

    async def _fail(self, error: BaseException) -> None:
        """Note the exception that left the application, and let the caller have the id."""
        span = self._span
        ids = span.get_span_context()
        try:
            setattr(error, ORIGIN, (ids, self._thread))
        except AttributeError:  # an exception with slots
            pass
        if self._finished:
            return  # a background task's: the request itself was answered before
        self._error = type_name(error)
        if isinstance(span, ClewSpan):
            span.record_exception(error, escaped=True)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
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
        http.finish(
            http.Finished(
                span=self._span,
                thread=self._thread,
                method=self._method,
                scheme=self._scheme,
                path=self._scope["path"],
                route=_routes.template(self._scope),
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

    def _span_method(self) -> str:
        return "WS"

    def _counts(self, method: str) -> tuple[Any, Any]:
        return itertools.count(), itertools.count()

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
