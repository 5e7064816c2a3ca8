"""One runtime, and requests that its compiled path takes, or leaves to Python."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext

from clew.traces import ClewSpan, Shared
from tests.conformance.path.calls import (
    in_handler,
)
from tests.conformance.path.sides import (
    SPAN,
    TRACE,
    Side,
)
from tests.conformance.path.test_asgi import (
    ROUTE,
    Message,
)
from tests.conformance.path.test_wsgi import (
    ENVIRON,
)
from tests.instrumentation.asgi import LAST, START, exchange, scope


def _nothing(*given: Any) -> Any:
    """An application, or a server's end of one; with a WSGI body."""
    return ()


async def _nowhere(*given: Any) -> None:
    """An ASGI application."""


class Bench:
    """The compiled path of each kind, with a caller and a place that are known."""

    def __init__(self, **settings: str) -> None:
        self.side = Side(True, {"CLEW_ACCESS_LOG": "false", **settings})
        self.runtime = self.side.runtime
        self.buffer, self.server = self.runtime.pipeline.spans, self.runtime.pipeline.http.server
        self.asgi_middleware = self.side.asgi(_nowhere)
        self.wsgi_middleware = self.side.wsgi(_nothing)
        self.http_client = self.side.client()
        self.asgi_path: Any = self.asgi_middleware.compiled
        self.wsgi_path: Any = self.wsgi_middleware.compiled
        self.client_path: Any = self.http_client._compiled
        asyncio.run(exchange(self.asgi_middleware, SCOPE))
        self.wsgi_middleware(dict(ENVIRON), _nothing).close()  # type: ignore[attr-defined]
        self.http_client.begin("GET", PLAIN_URL, {})
        self.handler = in_handler(self.runtime)
        self.buffer.clear()

    def asgi(self, scope: Any = None) -> Any:
        made = SCOPE if scope is None else scope
        return self.asgi_path.asgi(self.asgi_middleware, made, _nothing, _nothing)

    def wsgi(self, environ: Any = None) -> Any:
        return self.wsgi_path.wsgi(
            self.wsgi_middleware, ENVIRON if environ is None else environ, _nothing
        )

    def client(self, url: Any = None, headers: Any = None, method: Any = "GET") -> Any:
        headers = {} if headers is None else headers
        return self.client_path.client(
            self.http_client, method, PLAIN_URL if url is None else url, headers
        )

    def shared(self) -> list[Any]:
        """What every request borrows, and none may keep or spoil."""
        callers = [self.asgi_middleware._callers.known, self.wsgi_middleware._callers.known]
        known = [*callers, self.http_client._places]
        values = [value for each in known for key in each for value in (key, each[key], *key)]
        attributes = [part.attributes for each in known for value in each.values()
                      for part in value if isinstance(part, Shared)]  # fmt: skip
        return [
            self.runtime.tracer, self.asgi_middleware, self.wsgi_middleware, self.http_client,
            self.asgi_path, self.wsgi_path, self.client_path, self.buffer, self.server,
            self.handler, trace.get_current_span(self.handler), _nothing, *known, *values,
            *attributes, *attributes[0], *_ODD, SCOPE, *SCOPE.values(), *ENVIRON.values(),
            ClewSpan, SpanContext, Context, Shared, SimpleNamespace, LookupError,
            type(self.asgi()), type(self.wsgi()), self.http_client._outgoing.header,
            self.asgi_middleware.id_header, *MESSAGES_SENT, *MESSAGES_SENT[0], ROUTE,
        ]  # fmt: skip


PLAIN_URL = "http://h.example:8080/items/7"
SCOPE: dict[str, Any] = scope(
    headers=[
        (b"host", b"shop.example:8080"),
        (b"user-agent", b"curl/8"),
        (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode()),
        (b"x-correlation-id", b"abc-1"),
    ],
    query_string=b"a=1",
)
MATCHED = SimpleNamespace(url_rule=SimpleNamespace(rule="/users/<id>"))
MESSAGES_SENT = [{**START, "status": 204}, LAST]


def _scope_with(name: bytes | None = None, value: Any = None, **own: Any) -> dict[str, Any]:
    """The common scope, but with this header, or these keys."""
    made = {**SCOPE, **own}
    if name is not None:
        made["headers"] = [*(pair for pair in made["headers"] if pair[0] != name), (name, value)]
    return made


def lacking(given: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key not in keys}


ASGI_TAKEN = {
    "common": SCOPE,
    "no id": _scope_with(headers=SCOPE["headers"][:3]),
    "no parent": _scope_with(headers=[*SCOPE["headers"][:2], SCOPE["headers"][3]]),
    "doubled": _scope_with(headers=SCOPE["headers"] * 2),
    "random": _scope_with(b"traceparent", f"00-{TRACE}-{SPAN}-03".encode()),
    "signed": _scope_with(query_string=b"sig=s3cret"),
    "no query": lacking(SCOPE, "query_string"),
    "path": _scope_with(path="/é"),
}
ASGI_LEFT = {
    "another mapping": Message(SCOPE),
    "tuple of headers": _scope_with(headers=tuple(SCOPE["headers"])),
    "lists in headers": _scope_with(headers=[[b"host", b"h"]]),
    "three in a header": _scope_with(headers=[(b"host", b"h", b"")]),
    "text header": _scope_with(headers=[("host", "h")]),
    "bytearray": _scope_with(headers=[(b"host", bytearray(b"h"))]),
    "no headers": lacking(SCOPE, "headers"),
    "no path": lacking(SCOPE, "path"),
    "path of bytes": _scope_with(path=b"/"),
    "query of text": _scope_with(query_string="a=1"),
    "trace state": _scope_with(b"tracestate", b"a=1"),
    "baggage": _scope_with(b"baggage", b"a=1"),
    "new caller": _scope_with(b"host", b"other"),
    "client as a list": _scope_with(client=["192.0.2.7", 50_000]),
    "malformed": _scope_with(b"traceparent", b"00"),
    "not sampled": _scope_with(b"traceparent", f"00-{TRACE}-{SPAN}-00".encode()),
    "no trace": _scope_with(b"traceparent", f"00-{'0' * 32}-{SPAN}-01".encode()),
    "no span": _scope_with(b"traceparent", f"00-{TRACE}-{'0' * 16}-01".encode()),
    "empty id": _scope_with(b"x-correlation-id", b""),
    "long id": _scope_with(b"x-correlation-id", b"x" * 129),
    "odd id": _scope_with(b"x-correlation-id", b"caf\xe9"),
}
WSGI_TAKEN = {
    "common": ENVIRON,
    "no id": lacking(ENVIRON, "HTTP_X_CORRELATION_ID"),
    "no parent": lacking(ENVIRON, "HTTP_TRACEPARENT"),
    "no script": lacking(ENVIRON, "SCRIPT_NAME"),
    "signed": {**ENVIRON, "QUERY_STRING": "sig=s3cret"},
    "no query": lacking(ENVIRON, "QUERY_STRING"),
}
WSGI_LEFT = {
    "another mapping": Message(ENVIRON),
    "trace state": {**ENVIRON, "HTTP_TRACESTATE": "a=1"},
    "baggage": {**ENVIRON, "HTTP_BAGGAGE": "a=1"},
    "no path": lacking(ENVIRON, "PATH_INFO"),
    "Latin-1": {**ENVIRON, "PATH_INFO": "/Ã©"},
    "script": {**ENVIRON, "SCRIPT_NAME": "/Ã©"},
    "query of bytes": {**ENVIRON, "QUERY_STRING": b"a=1"},
    "new caller": {**ENVIRON, "HTTP_HOST": "other"},
    "unhashable": {**ENVIRON, "REMOTE_ADDR": []},
    "parent of bytes": {**ENVIRON, "HTTP_TRACEPARENT": b"00"},
    "malformed": {**ENVIRON, "HTTP_TRACEPARENT": "00"},
    "not sampled": {**ENVIRON, "HTTP_TRACEPARENT": f"00-{TRACE}-{SPAN}-00"},
    "id of bytes": {**ENVIRON, "HTTP_X_CORRELATION_ID": b"x"},
    "empty id": {**ENVIRON, "HTTP_X_CORRELATION_ID": ""},
    "odd id": {**ENVIRON, "HTTP_X_CORRELATION_ID": "a\x00"},
}
URLS_TAKEN = [
    PLAIN_URL,
    "http://h.example:8080",
    f"{PLAIN_URL}?a=1",
    f"{PLAIN_URL}?sig=s3cret",
    f"{PLAIN_URL}#@",
]
URLS_LEFT = [
    "http://other/",
    "",
    "h",
    ":",
    "http:/h",
    "a:b://c",
    "http",
    "http:",
    "é://h",
    b"http://h",
]
_ODD = [*ASGI_TAKEN.values(), *ASGI_LEFT.values(), *WSGI_TAKEN.values(), *WSGI_LEFT.values()]
