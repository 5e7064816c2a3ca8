"""Server instrumentation for WSGI applications, Flask among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import time_ns
from typing import Any

from opentelemetry.context import _RUNTIME_CONTEXT, Context

from clew import _faults, _names
from clew import _http_server as http
from clew._incoming import WSGI
from clew._runtime import Runtime
from clew.traces._span import type_name

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

EXCHANGE = "clew.exchange"  # in the WSGI environ: the request's own record
# A worker's thread begins each request with no context of its own.
_NOTHING = Context()
_attach, _detach = _RUNTIME_CONTEXT.attach, _RUNTIME_CONTEXT.detach


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

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if EXCHANGE in environ or (
            self._excluded is not None and self._excluded.search(environ.get("PATH_INFO", ""))
        ):
            return self.app(environ, start_response)
        return WsgiExchange(self, environ, start_response).run()


class WsgiExchange:
    """One request and its response. `route` is set by the framework's hook, once it is known."""

    __slots__ = (
        "_active", "_environ", "_finished", "_middleware", "_method", "_path", "_scheme",
        "_span", "_start", "_start_response", "_status", "_thread", "_token", "_error", "route",
    )  # fmt: skip

    def __init__(
        self, middleware: ClewWsgiMiddleware, environ: Environ, start_response: StartResponse
    ) -> None:
        self._middleware = middleware
        self._environ = environ
        self._start_response = start_response
        self._status = 0
        self._error = ""
        self._finished = False
        self.route: str | None = None

    def run(self) -> Iterable[bytes]:
        try:
            self._begin()
        except Exception:  # an environ that clew does not understand; the application may
            _faults.caught("a request")
            return self._middleware.app(self._environ, self._start_response)
        try:
            body = self._middleware.app(self._environ, self.start_response)
            file_wrapper = self._environ.get("wsgi.file_wrapper")
            if not isinstance(file_wrapper, type) or not isinstance(body, file_wrapper):
                return _Body(body, self)
        except BaseException as error:
            self.fail(error, unanswered=True)
            self.finish()
            raise
        self.finish()  # the server sends the file by itself; wrapped, it could not
        return body

    def _begin(self) -> None:
        middleware, environ = self._middleware, self._environ
        self._start = start = time_ns()
        parent, thread, values = middleware.incoming.read(environ, _NOTHING)
        self._thread = thread
        self._method = method = http.method_name(environ["REQUEST_METHOD"])
        self._scheme = environ.get("wsgi.url_scheme", "http")
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        # PEP 3333: the server has decoded the path's bytes as Latin-1, whatever they were.
        self._path = path.encode("latin-1", "replace").decode("utf-8", "replace")
        started, self._active = middleware.http.active.pair(
            ((_names.HTTP_REQUEST_METHOD, method), (_names.URL_SCHEME, self._scheme))
        )
        self._span, context = http.start_server_span(
            middleware.tracer, method, parent, values, self._attributes(), start
        )
        next(started)
        self._token = _attach(context)
        environ[EXCHANGE] = self

    def _attributes(self) -> dict[str, Any]:
        environ = self._environ
        found: dict[str, Any] = {
            _names.HTTP_REQUEST_METHOD: self._method,
            _names.URL_SCHEME: self._scheme,
            _names.URL_PATH: self._path,
            _names.CORRELATION_ID: self._thread,
        }
        if self._method == http.OTHER_METHOD:
            found[_names.HTTP_REQUEST_METHOD_ORIGINAL] = environ["REQUEST_METHOD"]
        if environ.get("QUERY_STRING"):
            found[_names.URL_QUERY] = http.redacted_query(environ["QUERY_STRING"])
        host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
        address, port = http.host_and_port(host, self._scheme)
        if address:
            found[_names.SERVER_ADDRESS] = address
            if port is not None:
                found[_names.SERVER_PORT] = port
        protocol = environ.get("SERVER_PROTOCOL", "")
        if protocol.startswith("HTTP/"):
            found[_names.NETWORK_PROTOCOL_VERSION] = protocol[5:]
        if environ.get("REMOTE_ADDR"):
            found[_names.CLIENT_ADDRESS] = environ["REMOTE_ADDR"]
            found[_names.NETWORK_PEER_ADDRESS] = environ["REMOTE_ADDR"]
        agent = environ.get("HTTP_USER_AGENT")
        if agent is not None:
            found[_names.USER_AGENT_ORIGINAL] = agent
        return found

    def start_response(self, status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        number = status[:3]
        self._status = int(number) if number.isdecimal() else 0
        own = [*headers, (self._middleware.id_header, self._thread)]
        return self._start_response(status, own, *error)

    def fail(self, error: BaseException, unanswered: bool = False) -> None:
        """Note an exception that the application did not handle.

        `unanswered` says that no byte has been sent, so that the server will answer 500 (PEP 3333,
        "Error Handling").
        """
        if unanswered and isinstance(error, Exception):
            self._status = 500
        http.leave_origin(error, self._span, self._thread)
        if not self._finished and not self._error:  # else Flask's hook has noted it before
            self._error = type_name(error)
            http.note_exception(self._span, error)

    def finish(self) -> None:
        """End the span, measure, and write the access line; once."""
        if self._finished:
            return
        self._finished = True
        try:
            self._hand_over()
        except Exception:
            _faults.caught("the end of a request")
        next(self._active)
        try:
            _detach(self._token)
        except ValueError:  # closed by another thread or greenlet than it was begun in
            pass
        # The environ holds this, and this the environ: untied, neither waits for the collector.
        self._environ.pop(EXCHANGE, None)

    def _hand_over(self) -> None:
        middleware = self._middleware
        http.finish(
            http.Finished(
                span=self._span,
                thread=self._thread,
                method=self._method,
                scheme=self._scheme,
                path=self._path,
                route=self.route,
                status=self._status,
                error=self._error or (str(self._status) if self._status >= 500 else ""),
                start=self._start,
                end=time_ns(),
            ),
            middleware.http.server,
            middleware.put,
            middleware.access_log,
        )


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
