"""Server instrumentation for WSGI applications, Flask among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import time_ns
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation import _SPAN_KEY

from clew import _context, _faults, _names, _path, _urls
from clew import _http_server as http
from clew._callers import Caller, Callers
from clew._incoming import WSGI
from clew._runtime import Runtime
from clew.traces._span import type_name

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

EXCHANGE = "clew.exchange"  # in the WSGI environ: the request's own record
# A worker's thread begins each request with no context of its own.
_NOTHING = Context()
_attach, _detach = _context.attach, _context.detach


class ClewWsgiMiddleware:
    """Wraps a WSGI application. `runtime` is the process's; see `clew.instrument`."""

    def __init__(self, app: WSGIApp, runtime: Runtime) -> None:
        self.app = app
        self.tracer = runtime.tracer
        self.incoming = runtime.incoming(WSGI)
        self.http = runtime.pipeline.http
        self.put = runtime.pipeline.spans.put
        self.access_log = runtime.settings.access_log
        self.id_header = runtime.settings.correlation_headers[0]
        self._excluded = runtime.settings.excluded_urls
        self._callers = Callers(self.http.active, runtime.settings.trusted_networks)
        self.compiled = _path.server(
            "wsgi", runtime, self.incoming, self._callers, self.id_header, WsgiExchange
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if EXCHANGE in environ or (
            self._excluded is not None and self._excluded.search(environ.get("PATH_INFO", ""))
        ):
            return self.app(environ, start_response)
        exchange = None
        try:
            if self.compiled is not None:
                exchange = self.compiled.wsgi(self, environ, start_response)
            if exchange is not None:
                answer = self.compiled.answer(exchange)  # type: ignore[union-attr]
            else:
                exchange = WsgiExchange(self, environ, start_response)
                exchange.begin()
                answer = exchange.start_response
        except Exception:  # an environ that clew does not understand; the application may
            _faults.caught("a request")
            return self.app(environ, start_response)
        return exchange.run(answer)

    def caller(self, environ: Environ) -> Caller:
        """What this request has in common with others."""
        get = environ.get
        key = (
            environ["REQUEST_METHOD"],
            get("wsgi.url_scheme"),
            get("HTTP_HOST") or get("SERVER_NAME"),
            get("SERVER_PROTOCOL"),
            get("REMOTE_ADDR"),
            get("HTTP_USER_AGENT"),
        )
        return self._callers.known.get(key) or self._new_caller(key)

    def _new_caller(self, key: tuple[Any, ...]) -> Caller:
        method, scheme, host, protocol, client, agent = key
        scheme = scheme or "http"
        return self._callers.add(
            key,
            method=method,
            scheme=scheme,
            server=_urls.host_and_port(host or "", scheme),
            version=protocol[5:] if protocol and protocol.startswith("HTTP/") else None,
            client=(client, None) if client else None,
            agent=agent,
        )


class WsgiExchange(http.Exchange):
    """One request and its response. `route` is for a framework's hook to set."""

    __slots__ = (
        "_ended", "_environ", "_finished", "_middleware", "_path", "_start_response", "_token",
        "route",
    )  # fmt: skip

    def __init__(
        self, middleware: ClewWsgiMiddleware, environ: Environ, start_response: StartResponse
    ) -> None:
        self._middleware = middleware
        self._environ = environ
        self._start_response = start_response
        self.status = 0
        self.error = ""
        self._finished = False
        self.route: str | None = None

    def begin(self) -> None:
        """Start the span."""
        self.start = start = time_ns()
        middleware, environ = self._middleware, self._environ
        caller = middleware.caller(environ)
        self.method, self.scheme, shared, started, self._ended, trusted = caller
        stranger = None
        if trusted:
            parent, self.thread, values = middleware.incoming.read(environ, _NOTHING)
        else:
            parent, self.thread, values, stranger = middleware.incoming.read_stranger(
                environ, _NOTHING
            )
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if not path.isascii():
            # PEP 3333: the server has decoded the path's bytes as Latin-1, whatever they were.
            path = path.encode("latin-1", "replace").decode("utf-8", "replace")
        self._path = path
        attributes = shared.attributes.copy()
        attributes[_names.CORRELATION_ID] = self.thread
        attributes[_names.URL_PATH] = path
        query = environ.get("QUERY_STRING")
        if query:
            attributes[_names.URL_QUERY] = _urls.redacted_query(query)
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

    def run(self, start_response: StartResponse) -> Iterable[bytes]:
        """Call the application with the request's context as the current one."""
        self._token = _attach(self.context)
        self._environ[EXCHANGE] = self
        try:
            body = self._middleware.app(self._environ, start_response)
            file_wrapper = self._environ.get("wsgi.file_wrapper")
            if not isinstance(file_wrapper, type) or not isinstance(body, file_wrapper):
                compiled = self._middleware.compiled
                return _Body(body, self) if compiled is None else compiled.body(body, self)
        except BaseException as error:
            self.fail(error, unanswered=True)
            self.finish()
            raise
        self.finish()  # the server sends the file by itself; wrapped, it could not
        return body

    def start_response(self, status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        number = status[:3]
        self.status = int(number) if number.isdecimal() else 0
        if self.route is None:  # now, for Flask takes its request out of the environ soon after
            self.route = _flask_route(self._environ)
        own = [*headers, (self._middleware.id_header, self.thread)]
        return self._start_response(status, own, *error)

    def fail(self, error: BaseException, unanswered: bool = False) -> None:
        """Note an exception that the application did not handle.

        `unanswered` says that no byte has been sent, so that the server will answer 500 (PEP 3333,
        "Error Handling").
        """
        if unanswered and isinstance(error, Exception):
            self.status = 500
        if self.route is None:
            self.route = _flask_route(self._environ)
        http.leave_origin(error, self.span, self.thread)
        if not self._finished and not self.error:  # else Flask's hook has noted it before
            self.error = type_name(error)
            http.note_exception(self.span, error)

    def finish(self) -> None:
        """End the span, measure, and write the access line; once."""
        if self._finished:
            return
        self._finished = True
        try:
            self._hand_over()
        except Exception:
            _faults.caught("the end of a request")
        next(self._ended)
        try:
            _detach(self._token)
        except ValueError:  # closed by another thread or greenlet than it was begun in
            pass
        # The environ holds this, and this the environ: untied, neither waits for the collector.
        self._environ.pop(EXCHANGE, None)

    def _hand_over(self) -> None:
        if not self.error and self.status >= 500:
            self.error = str(self.status)
        middleware = self._middleware
        http.finish(
            self,
            self._path,
            self.route,
            time_ns(),
            middleware.http.server,
            middleware.put,
            middleware.access_log,
            middleware.compiled,
        )


def _flask_route(environ: Environ) -> str | None:
    """The template that Flask matched, which it leaves with the request in the environ."""
    request = environ.get("werkzeug.request")
    rule = getattr(request, "url_rule", None)
    return None if rule is None else rule.rule


class _Body:
    """The response's body; its end, or `close`, is the end of the request."""

    __slots__ = ("_begun", "_body", "_exchange", "_iterator")

    def __init__(self, body: Iterable[bytes], exchange: WsgiExchange) -> None:
        self._body = body
        self._iterator = iter(body)
        self._begun = False
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            part = next(self._iterator)
        except StopIteration:
            raise
        except BaseException as error:
            self._exchange.fail(error, unanswered=not self._begun)
            raise
        self._begun = self._begun or bool(part)
        return part

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._exchange.finish()
