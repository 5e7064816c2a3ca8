"""Server instrumentation for ASGI applications: one middleware, outermost, for all signals."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from time import time_ns
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation import _SPAN_KEY

from clew import _context, _faults, _names, _path, _routes, _urls
from clew import _http_server as http
from clew._callers import WEBSOCKET, Caller, Callers
from clew._incoming import ASGI
from clew._runtime import Runtime
from clew.traces._span import type_name

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_MARK = _routes.EXCHANGE
_logger = logging.getLogger(__name__)
_attach, _detach, _current = _context.attach, _context.detach, _context.current


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
        self._callers = Callers(self.http.active, runtime.settings.trusted_networks)
        self.compiled = _path.server(
            "asgi", runtime, self.incoming, self._callers, self.id_header, _Exchange
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if (
            (kind != "http" and kind != "websocket")
            or _MARK in scope
            or (self._excluded is not None and self._excluded.search(scope.get("path", "")))
        ):
            await self.app(scope, receive, send)
            return
        exchange, compiled = None, self.compiled
        try:
            if compiled is not None and kind == "http":
                exchange = compiled.asgi(self, scope, receive, send)
            if exchange is not None:
                send = compiled.answer(exchange)  # type: ignore[union-attr]
            else:
                kind_of = _WebSocket if kind == "websocket" else _Exchange
                exchange = kind_of(self, scope, receive, send)
                exchange.begin()
                send = exchange.send
            token = _attach(exchange.context)
        except Exception:  # a scope that clew does not understand; the application may
            _faults.caught("a request")
            await self.app(scope, receive, send)
            return
        scope[_MARK] = exchange
        try:
            await self.app(scope, exchange.receive, send)
        except BaseException as error:
            await exchange.fail(error)
            raise
        finally:
            exchange.close()
            try:
                _detach(token)
            except ValueError:  # closed in another context than opened: cancelled generators
                pass

    def caller(self, scope: Scope, headers: dict[bytes, bytes]) -> Caller:
        """What this request has in common with others."""
        host, agent = headers.get(b"host"), headers.get(b"user-agent")
        client = scope.get("client")
        if client is not None and type(client) is not tuple:
            client = tuple(client)
        key = (
            scope.get("method", WEBSOCKET),
            scope.get("scheme"),
            host,
            scope.get("http_version"),
            client,
            agent,
        )
        return self._callers.known.get(key) or self._new_caller(key, scope)

    def _new_caller(self, key: tuple[Any, ...], scope: Scope) -> Caller:
        method, scheme, host, version, client, agent = key
        scheme = scheme or ("ws" if method == WEBSOCKET else "http")
        # From the Host header, else from the socket.
        server = (
            _urls.host_and_port(host.decode("latin-1"), scheme)
            if host
            else tuple(scope.get("server") or ("", None))
        )
        return self._callers.add(
            key,
            method=method,
            scheme=scheme,
            server=server,
            version=version,
            client=client,
            agent=None if agent is None else agent.decode("latin-1"),
        )


class _Exchange(http.Exchange):
    """One HTTP request and its response."""

    __slots__ = (
        "_client_left", "_end", "_ended", "_finished", "_id_header", "_middleware", "_receive",
        "_scope", "_send", "_trailers", "routed",
    )  # fmt: skip

    measured = True  # by its duration

    def __init__(
        self, middleware: ClewMiddleware, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._middleware = middleware
        self._scope = scope
        # The scope that the route was found in: middleware may hand on a copy.
        self.routed = scope
        self._receive = receive
        self._send = send
        self.status = 0
        self.error = ""
        self._end = 0  # ns; when the response's last byte was handed over
        self._finished = False
        self._trailers = False
        self._client_left = False

    def begin(self) -> None:
        """Start the span."""
        self.start = start = time_ns()
        middleware, scope = self._middleware, self._scope
        headers = dict(scope["headers"])
        caller = middleware.caller(scope, headers)
        self.method, self.scheme, shared, started, self._ended, trusted = caller
        stranger = None
        if trusted:
            parent, self.thread, values = middleware.incoming.read(headers, _current())
        else:
            parent, self.thread, values, stranger = middleware.incoming.read_stranger(
                headers, _current()
            )
        self._id_header = (middleware.id_header, self.thread.encode("latin-1"))
        attributes = shared.attributes.copy()
        attributes[_names.CORRELATION_ID] = self.thread
        attributes[_names.URL_PATH] = scope["path"]
        query = scope.get("query_string")
        if query:
            attributes[_names.URL_QUERY] = _urls.redacted_query(query.decode("latin-1"))
        values[_SPAN_KEY] = self.span = middleware.tracer.begin(
            http.span_name(self.method),
            parent,
            SpanKind.SERVER,
            attributes,
            start,
            shared,
            values,
        )
        if stranger is not None:
            http.note_stranger(self.span, stranger)
        next(started)
        self.context = Context(values)

    def close(self) -> None:
        """The application is done with the request."""
        if not self._finished:
            self.finish()
        next(self._ended)
        # The scope holds this, and this, by way of the server's `send`, the scope. Untied, all
        # of a request goes with its last reference; tied, it would wait for the collector,
        # whose runs then cost more than all the rest of clew.
        del self._scope[_MARK], self._scope, self.routed

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
            self.status = message["status"]
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
        if self.status < 500 and not self._finished:
            self.finish()

    async def fail(self, error: BaseException) -> None:
        """Note the exception that left the application, and let the caller have the id."""
        http.leave_origin(error, self.span, self.thread)
        if self._finished:
            return  # a background task's: the request itself was answered before
        self.error = type_name(error)
        http.note_exception(self.span, error)
        if not self.status and isinstance(error, Exception):
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
        middleware = self._middleware
        compiled = middleware.compiled
        if compiled is not None and self.measured and not middleware.access_log:
            try:
                if compiled.finish(self, middleware.http.server):
                    return
            except Exception:
                _faults.caught("the end of a request")
                return
        if not self.error:
            if self.status >= 500:
                self.error = str(self.status)
            elif not self._end:
                self.error = "ClientDisconnect" if self._client_left else "IncompleteResponse"
        try:
            http.finish(
                self,
                self._scope["path"],
                _routes.template(self.routed),
                self._end or time_ns(),
                middleware.http.server if self.measured else None,
                middleware.put,
                middleware.access_log,
                compiled,
            )
        except Exception:
            _faults.caught("the end of a request")


class _WebSocket(_Exchange):
    """One WebSocket connection: a span as long as it lasts, and no duration metric.

    A connection that is open for hours would tell nothing among request durations.
    """

    __slots__ = ()
    measured = False

    async def receive(self) -> Message:
        return await self._receive()

    def send(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "websocket.accept":
            self.status = 101
            message = self._with_id(message)
        elif kind == "websocket.http.response.start":
            self.status = message["status"]
            message = self._with_id(message)
        elif kind == "websocket.close" and not self.status:
            self.status = 403  # ASGI specification, "Close - send event"
        return self._send(message)

    async def _answer_500(self) -> None:
        """Nothing: the server closes the connection."""

    def finish(self) -> None:
        self._end = time_ns()
        super().finish()
