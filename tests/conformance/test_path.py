"""The request's path, compiled or in Python: the same requests make the same of everything."""

from __future__ import annotations

import asyncio
import functools
import gc
import http
import itertools
import logging
import re
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextvars import Token
from time import time_ns
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, SpanProcessor
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    TraceFlags,
    TraceState,
)
from requests.structures import CaseInsensitiveDict

from clew import _faults, _ids, _path, _urls, correlation
from clew._config import Settings
from clew._http_client import HttpClient
from clew._path import SUPPRESS, SUPPRESS_ALL
from clew._runtime import Runtime
from clew.asgi import ClewMiddleware
from clew.export._buffer import count_of
from clew.traces import ClewSpan, Shared
from clew.wsgi import ClewWsgiMiddleware
from tests.instrumentation.asgi import LAST, START, exchange, scope

_native = pytest.importorskip("clew._path_native", reason="clew was installed without a compiler")

_TRACE, _SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_PARENT = SpanContext(int(_TRACE, 16), int(_SPAN, 16), True, TraceFlags(1))
_AN_HOUR = 3_600_000_000_000  # ns
_RUNS = 20_000


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Requests that fail are logged by the thousand."""
    logger = logging.getLogger("clew")
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(logging.NOTSET)


class Side:
    """One of two that are told the same. Its export thread never begins: what it made is there."""

    def __init__(self, compiled: bool, settings: Mapping[str, str], watched: bool = False) -> None:
        self.runtime = Runtime(Settings.from_environ({"OTEL_SERVICE_NAME": "tested", **settings}))
        self._compiled = compiled
        if watched:
            self.runtime.tracer_provider.add_span_processor(SpanProcessor())
        self._faults, self._replaced = _faults.total(), count_of(correlation.replaced)

    def asgi(self, app: Any) -> ClewMiddleware:
        made = ClewMiddleware(app, self.runtime)
        made.compiled = made.compiled if self._compiled else None
        return made

    def wsgi(self, app: Any) -> ClewWsgiMiddleware:
        made = ClewWsgiMiddleware(app, self.runtime)
        made.compiled = made.compiled if self._compiled else None
        return made

    def client(self) -> HttpClient:
        made = HttpClient(self.runtime)
        made._compiled = made._compiled if self._compiled else None
        return made

    def active(self) -> Any:
        return self.runtime.pipeline.http.active.values()

    def counted(self) -> tuple[int, int]:
        """Faults, and ids that were replaced."""
        return _faults.total() - self._faults, count_of(correlation.replaced) - self._replaced

    def names(self, said: object, **known: object) -> Names:
        """Names for what this side makes; `said` is all that it was told."""
        http = self.runtime.pipeline.http
        return Names(
            f"{said!r} {_TRACE} {_SPAN}",
            tracer=self.runtime.tracer, server=http.server, client=http.client, **known,
        )  # fmt: skip


class Names:
    """Describes objects so that two sides can be compared, whose ids, clocks and objects differ.

    An id that was said stays as it is; a fresh one is known by the order in which it is met.
    """

    _ID = re.compile(r"(?<![0-9a-f])(?!0+\b)(?:[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])")

    def __init__(self, said: str, **known: object) -> None:
        self._said = said
        self._kept = known
        self._known = {id(value): name for name, value in known.items()}
        self._fresh: dict[str, str] = {}

    def _named(self, found: re.Match[str]) -> str:
        if found[0] in self._said:
            return found[0]
        return self._fresh.setdefault(found[0], f"<fresh {len(self._fresh)}>")

    def __call__(self, value: Any) -> Any:
        kind, known = type(value), self._known.get(id(value))
        if known is not None:
            return known
        if isinstance(value, str):
            return kind, self._ID.sub(self._named, value)
        if isinstance(value, bytes):
            return kind, self._ID.sub(self._named, value.decode("latin-1"))
        if isinstance(value, SpanContext):
            trace_id, span_id, remote, flags, state, valid = value
            ids = self(f"{trace_id:032x}"), self(f"{span_id:016x}")
            return kind, ids, remote, flags, type(flags), state.to_header(), valid
        if isinstance(value, Mapping):  # whose order counts
            return kind, [(self(key), self(item)) for key, item in value.items()]
        if isinstance(value, (tuple, list)):
            return kind, [self(item) for item in value]
        if kind is int and abs(value - time_ns()) < _AN_HOUR:
            return "time"
        if kind is float:
            return "seconds"
        return kind, self._parts(value)

    def _parts(self, value: Any) -> Any:
        """What an object of our own is made of; anything else is itself."""
        if isinstance(value, ClewSpan):
            return self._span(value)
        if isinstance(value, NonRecordingSpan):
            return self(value.get_span_context())
        if isinstance(value, Status):
            return value.status_code, value.description
        if isinstance(value, Event):  # the frames of the stack trace are each side's own
            own = {k: v for k, v in (value.attributes or {}).items() if "stacktrace" not in k}
            return value.name, self(own)
        if isinstance(value, Link):
            return self(value.context), self(value.attributes)
        if isinstance(value, Shared):
            return self(value.attributes), value.count
        if isinstance(value, BaseException):
            return value.args
        if isinstance(value, (itertools.count, Token)) or hasattr(value, "__next__"):
            return None
        return value

    def _span(self, span: ClewSpan) -> Any:
        if span._shared is not None:
            shared = list(span._shared.attributes.items())
            assert list(span._attributes.items())[: len(shared)] == shared
        return self.slots(span), self(dict(sorted(vars(span).items())))

    def slots(self, value: Any) -> Any:
        """What is in each slot."""
        found = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        return {name: self(getattr(value, name, "unset")) for name in found}


def _both(serve: Callable[[Side], Any], settings: Any, watched: bool = False) -> None:
    """Serve with either side, and compare what `serve` tells of it, item by item."""
    compiled, python = (serve(Side(is_, settings, watched)) for is_ in (True, False))
    for ours, theirs in zip(compiled, python, strict=True):
        assert ours == theirs


# ---- requests ----

_ODD_TRACEPARENTS = [
    "", "00", f"00-{_TRACE}-{_SPAN}-1", f"00-{_TRACE}-{_SPAN}-01-", f"00-{_TRACE}-{_SPAN}-01\n",
    f"00-{_TRACE.upper()}-{_SPAN}-01", f"00-{_TRACE}-{_SPAN.upper()}-01",
    f"00-{'0' * 32}-{_SPAN}-01", f"00-{_TRACE}-{'0' * 16}-01", f"ff-{_TRACE}-{_SPAN}-01",
    f"01-{_TRACE}-{_SPAN}-01", f"01-{_TRACE}-{_SPAN}-01-more", f"00_{_TRACE}-{_SPAN}-01",
    f"00-{_TRACE}_{_SPAN}-01", f"00-{_TRACE}-{_SPAN}_01", f"00-{_TRACE}-{_SPAN}-0A",
    f"00-{_TRACE}-{_SPAN}-0g", f"00-{_TRACE[:-1]}g-{_SPAN}-01", f"00-{_TRACE}-{_SPAN[:-1]}:-01",
    f" 00-{_TRACE}-{_SPAN}-01", f"00-{_TRACE}-{_SPAN}-0é", f"00-{_TRACE}-{_SPAN[:-2]}éé-01",
    f"00-{'0' * 31}1-{'0' * 15}1-01", f"00-{'f' * 32}-{'f' * 16}-01",
]  # fmt: skip
_TRACEPARENTS = st.one_of(
    st.integers(0, 255).map(lambda flags: f"00-{_TRACE}-{_SPAN}-{flags:02x}"),
    st.sampled_from(_ODD_TRACEPARENTS),
)
_THREADS = st.one_of(
    st.sampled_from(["abc-1", "a b", "~", " ", "x" * 128, "Az09"]),
    st.sampled_from(["", "x" * 129, "a\x00b", "\t", "\x7f", "café", "\x80", "\r\n"]),
    st.text(st.characters(max_codepoint=255), max_size=5),
)
_BAGGAGE = st.sampled_from(["", "a=b", "correlation_id=theirs", "correlation_id=x%20y,a=b", ";;="])
_QUERIES = st.sampled_from(
    ["", "a=1", "sig=s3cret", "a=1&X-Amz-Signature=s3cret&b=", "q=é", "q=%C3%A9", "&=&", "sigma"]
)
_METHODS = st.sampled_from(["GET", "GET", "POST", "QUERY", "get", "BREW", "HTTP", "_OTHER", ""])
_HOSTS = st.sampled_from(["shop.example:8080", "[::1]:80", "", "h:x", "h:99999", "é", "a,b"])
_AGENTS = st.sampled_from(["curl/8", "", "café"])
_STATES = st.sampled_from(["", "a=1", "a=1,b=2", "=", "é"])
_PAIRS = st.one_of(
    *(
        st.tuples(st.just(name), values)
        for name, values in {
            "host": _HOSTS,
            "user-agent": _AGENTS,
            "traceparent": _TRACEPARENTS,
            "x-correlation-id": _THREADS,
            "x-request-id": _THREADS,
            "accept": st.just("*/*"),
            "X-Correlation-ID": _THREADS,  # not as a server would keep it
        }.items()
    )
)
_RARE_PAIRS = st.one_of(
    st.tuples(st.just("tracestate"), _STATES), st.tuples(st.just("baggage"), _BAGGAGE)
)
_HEADERS = st.builds(
    lambda often, seldom: [*often, *seldom],
    st.lists(_PAIRS, max_size=5),
    st.one_of(st.just([]), st.lists(_RARE_PAIRS, max_size=2)),
).flatmap(st.permutations)
_SETTINGS = st.sampled_from(
    [
        {},
        {"CLEW_ACCESS_LOG": "false"},
        {"CLEW_ACCESS_LOG": "false", "CLEW_CORRELATION_HEADERS": "x-request-id,x-correlation-id"},
        {"CLEW_ACCESS_LOG": "false", "CLEW_TRUSTED_NETWORKS": "192.0.2.0/24"},
        {"CLEW_TRUSTED_NETWORKS": "10.0.0.0/8"},
        {"OTEL_PROPAGATORS": "tracecontext"},
        {"OTEL_TRACES_SAMPLER": "always_off"},
    ]
)
_SELDOM = st.sampled_from([False] * 7 + [True])
_CONTEXTS = st.one_of(
    st.just(Context()),
    st.sampled_from(
        [
            Context({"a": 1}),
            trace.set_span_in_context(NonRecordingSpan(_PARENT), Context()),
            trace.set_span_in_context(INVALID_SPAN, Context()),
            correlation.with_id("outer", Context()),
            Context({SUPPRESS: True}),
        ]
    ),
)


# ---- ASGI ----


def _left_out(keys: tuple[str, ...]) -> Any:
    return st.one_of(st.just(()), st.lists(st.sampled_from(keys), max_size=2))


@st.composite
def _scopes(draw: Any) -> dict[str, Any]:
    """A scope; out of the common here and there."""
    made = scope(draw(_METHODS), draw(st.sampled_from(["/", "/users/7", "/é/\udc80", ""])))
    made["query_string"] = draw(_QUERIES).encode()
    made["headers"] = [(k.encode(), v.encode("latin-1")) for k, v in draw(_HEADERS)]
    made["client"] = draw(
        st.one_of(
            st.just(("192.0.2.7", 50_000)),
            st.sampled_from([None, ["10.1.2.3", 5], ("10.1.2.3", None), ("", 0), ["a", ["b"]]]),
        )
    )
    if draw(_SELDOM):
        odd = {
            "headers": [tuple(made["headers"]), [list(pair) for pair in made["headers"]]],
            "query_string": ["text", None, bytearray(b"a=1")],
            "scheme": [None, "ws", "HTTPS"],
            "path": [None, b"/"],
            "method": [None, ["GET"]],
            "http_version": [None, "2"],
        }
        key = draw(st.sampled_from(sorted(odd)))
        made[key] = draw(st.sampled_from(odd[key]))
    for key in draw(_left_out(("method", "scheme", "query_string", "client", "http_version"))):
        made.pop(key, None)
    return made


class _Message(dict[str, Any]):
    """A message that is no plain dict."""


_STATUSES = st.one_of(
    st.sampled_from([200, 200, 404, 500]),
    st.sampled_from([0, -1, 1 << 70, True, None, "200", http.HTTPStatus.OK, 101, 499]),
)
_MESSAGE_PARTS: dict[str, Any] = {
    "headers": st.sampled_from([[], [(b"a", b"b")], ((b"a", b"b"),), None, 5]),
    "trailers": st.sampled_from([True, False, None]),
    "more_body": st.sampled_from([True, False, None, 0]),
    "more_trailers": st.booleans(),
}
_MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("http.response.start"), "status": _STATUSES}, optional=_MESSAGE_PARTS
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["http.response.body", "http.response.trailers",
                                  "http.response.pathsend", "http.response.debug", b"?"])},
        optional={"body": st.just(b"x"), **_MESSAGE_PARTS},
    ),
    st.sampled_from([{}, {"type": "http.response.start"}, None, _Message(START), _Message(LAST)]),
)  # fmt: skip
_ROUTE = SimpleNamespace(path_format="/users/{id}", path="/users/{id:int}")
_ROUTED: list[dict[str, Any]] = [
    {"route": _ROUTE},
    {"route": _ROUTE, "clew.mounted": "/api"},
    {"route": SimpleNamespace(path_format="", path="/p")},
    {"route": SimpleNamespace(path="/p")},
    {"route": SimpleNamespace(path_format=b"/p")},
    {"route": SimpleNamespace(path_format="/p", routes=[]), "clew.mounted": "/api"},
    {"route": object()},
    {"route": _ROUTE, "fastapi": {}},
    {"route": _ROUTE, "fastapi": None},
    {"route": _ROUTE, "fastapi": {"effective_route_context": None}},
    *(
        {"route": _ROUTE, "fastapi": {"effective_route_context": SimpleNamespace(**included)}}
        for included in (
            {"original_route": _ROUTE, "path_format": "/v1/users/{id}"},
            {"original_route": None, "path_format": "/v1/users/{id}"},
            {"original_route": _ROUTE, "path_format": ""},
        )
    ),
]
_ROUTES: Any = st.sampled_from(_ROUTED)
_STEPS = st.one_of(
    st.tuples(st.just("send"), _MESSAGES.map(lambda message: ((message,), {}))),
    st.tuples(
        st.just("send"), st.sampled_from([((), {}), ((LAST, 2), {}), ((), {"message": LAST})])
    ),
    st.tuples(st.just("route"), _ROUTES),
    st.tuples(st.just("raise"), st.sampled_from([LookupError, asyncio.CancelledError, ValueError])),
    st.tuples(st.just("rename"), st.sampled_from(["mine", "HTTP", "GET"])),
    st.tuples(st.just("set"), st.sampled_from(["url.path", "url.scheme", "mine"])),
    st.tuples(st.just("end"), st.none()),
    st.tuples(st.just("receive"), st.none()),
)  # fmt: skip
_ANSWER: Any = [("send", ((START,), {})), ("send", ((LAST,), {}))]
_PROGRAMS = st.one_of(
    st.just(_ANSWER),
    st.tuples(st.just("route"), _ROUTES).map(lambda route: [route, *_ANSWER]),
    st.lists(_STEPS, max_size=4).map(lambda steps: [*steps, *_ANSWER]),
    st.lists(_STEPS, max_size=6),
)


_RECEIVED = [{"type": "http.request", "body": b""}, *[{"type": "http.disconnect"}] * 9]


async def _run(program: Any, scope: Any, receive: Any, send: Any) -> None:
    """Do as an application does that was written by Hypothesis."""
    span: Any = trace.get_current_span()
    for step, wanted in program:
        if step == "send":
            await send(*wanted[0], **wanted[1])
        elif step == "route":
            scope.update(wanted)
        elif step == "raise":
            raise wanted("gone")
        elif step == "rename":
            span.update_name(wanted)
        elif step == "set":
            span.set_attribute(wanted, "mine")
        elif step == "end":
            span.end()
        else:
            await receive()


async def _asgi(side: Side, scopes: Any, program: Any, current: Context) -> Any:
    """All that can be told of the requests, each sent twice: the first makes its caller known."""
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found = scope.get("clew")
        told.append(("current", names(context_api.get_current()), side.active()))
        told.append(("exchange", found is None or names.slots(found)))
        if found is not None:
            assert (found._scope is found.routed is scope, found._middleware) == (True, middleware)
            told.append(trace.get_current_span() is found.span)
        try:
            await _run(program, scope, receive, send)
        except BaseException as error:
            told.append(("raised", names(error)))
            raise
        finally:
            told.append(("answered", found is None or names.slots(found)))

    async def served(scope: Any, receive: Any, send: Any) -> None:
        nonlocal names
        names = side.names(
            (scope, current), middleware=middleware, scope=scope, receive=receive, send=send
        )
        await middleware(scope, receive, send)

    middleware, names = side.asgi(app), side.names(())
    for request in (request for request in scopes for _ in range(2)):
        own = dict(request)
        token = context_api.attach(current)
        response = await exchange(served, own, _RECEIVED)
        told.append(("left", context_api.get_current() is current))
        context_api.detach(token)
        told.append(("sent", names(response.messages), names(response.raised)))
        told.append(("origin", names(vars(response.raised) if response.raised else None)))
        told.append(("scope", list(own), side.active(), side.counted()))
        told.extend(names(item) for item in side.runtime.pipeline.spans.take())
    return told


_STARTS_TWICE = [("send", (({**START, "trailers": True},), {})), *_ANSWER]


@example([scope()], {"CLEW_ACCESS_LOG": "false"}, _STARTS_TWICE, Context(), False)
@given(st.lists(_scopes(), min_size=1, max_size=2), _SETTINGS, _PROGRAMS, _CONTEXTS, _SELDOM)
def test_any_asgi_request_makes_the_same(
    scopes: Any, settings: Any, program: Any, current: Context, watched: bool
) -> None:
    """Span, context, exchange, answer, counts: whatever the scope and the application are."""
    _both(lambda side: asyncio.run(_asgi(side, scopes, program, current)), settings, watched)


# ---- WSGI ----

_ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/shop",
    "PATH_INFO": "/users/7",
    "QUERY_STRING": "a=1",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "192.0.2.7",
    "wsgi.url_scheme": "http",
    "HTTP_HOST": "shop.example:8080",
    "HTTP_USER_AGENT": "curl/8",
    "HTTP_TRACEPARENT": f"00-{_TRACE}-{_SPAN}-01",
    "HTTP_X_CORRELATION_ID": "abc-1",
}
_PATHS = st.sampled_from(["/", "/users/7", "", "/Ã©", "/é", "/€", "/a b"])
_ENVIRON_ODD: dict[str, Any] = {
    "REQUEST_METHOD": ["BREW", None, 7, ["GET"]],
    "PATH_INFO": [None, b"/"],
    "SCRIPT_NAME": [None, 5],
    "QUERY_STRING": [None, b"a=1"],
    "HTTP_HOST": [None, b"h"],
    "HTTP_TRACEPARENT": [None, b"00", 5],
    "HTTP_X_CORRELATION_ID": [None, b"x", 5],
    "SERVER_PROTOCOL": [None, "HTTP/2", "SPDY"],
    "REMOTE_ADDR": [None, "", "10.1.2.3"],
}


@st.composite
def _environs(draw: Any) -> dict[str, Any]:
    """An environ; out of the common here and there."""
    made: dict[str, Any] = {
        "REQUEST_METHOD": draw(_METHODS),
        "SCRIPT_NAME": draw(st.one_of(st.just(""), _PATHS)),
        "PATH_INFO": draw(_PATHS),
        "QUERY_STRING": draw(_QUERIES),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.url_scheme": draw(st.sampled_from(["http", "http", "https"])),
    }
    for name, value in draw(_HEADERS):
        made["HTTP_" + name.upper().replace("-", "_")] = value
    if draw(_SELDOM):
        key = draw(st.sampled_from(sorted(_ENVIRON_ODD)))
        made[key] = draw(st.sampled_from(_ENVIRON_ODD[key]))
    for key in draw(_left_out(tuple(made))):
        made.pop(key, None)
    return made


class _Parts:
    """A body that is an object of its own, with a `close` that answers `closed`."""

    def __init__(self, *parts: Any) -> None:
        self._parts = iter(parts)

    def __iter__(self) -> _Parts:
        return self

    def __next__(self) -> Any:
        part = next(self._parts)
        if isinstance(part, BaseException):
            raise part
        return part


class _Closing(_Parts):
    closed = 0

    def close(self) -> None:
        self.closed += 1


class _FailsToClose(_Parts):
    def close(self) -> None:
        raise LookupError("close")


class _CloseIsNone(_Parts):
    close = None


class _CloseIsAskedFor(_Parts):
    def __getattr__(self, name: str) -> Any:
        raise LookupError(name)


class _Undecided(bytes):
    """A part that is neither true nor false."""

    def __bool__(self) -> bool:
        raise LookupError("bool")


_BODY_KINDS: list[Callable[[], Any]] = [
    lambda: [b"ok"],
    lambda: [],
    lambda: (part for part in (b"", b"ok")),
    lambda: _Parts(LookupError("first")),
    lambda: _Parts(b"", LookupError("after nothing")),
    lambda: _Parts(b"ok", LookupError("later")),
    lambda: _Parts(b"ok", KeyboardInterrupt()),
    lambda: _Parts(_Undecided(b"x"), LookupError("later")),
    lambda: _Closing(b"ok"),
    lambda: _FailsToClose(b"ok"),
    lambda: _CloseIsNone(b"ok"),
    lambda: _CloseIsAskedFor(b"ok"),
    lambda: None,
    lambda: b"ok",
]
_BODIES: Any = st.sampled_from(_BODY_KINDS)
_LINES = st.sampled_from(["200 OK", "404 Not Found", "500 No", "503", "", "abc", "0", "²00 OK"])
_ANSWERS = st.fixed_dictionaries(
    {"body": _BODIES},
    optional={
        "line": st.one_of(st.just("200 OK"), _LINES),
        "again": st.just("500 No"),
        "raise": st.sampled_from([LookupError, KeyboardInterrupt]),
        "route": st.sampled_from(["/users/{id}", "", 5]),
        "rule": st.sampled_from(["/users/<id>", None]),
        "rename": st.sampled_from(["mine", "HTTP"]),
        "taken": st.sampled_from([0, 1]),  # parts, before the server gives up
    },
)


def _wsgi_app(answer: Any, environ: Any, start_response: Any) -> Any:
    """Answer as Hypothesis wants it answered."""
    found, span = environ.get("clew.exchange"), trace.get_current_span()
    if "rename" in answer:
        span.update_name(answer["rename"])
    if "route" in answer and found is not None:
        found.route = answer["route"]
    if "rule" in answer:
        rule = answer["rule"] and SimpleNamespace(rule=answer["rule"])
        environ["werkzeug.request"] = SimpleNamespace(url_rule=rule)
    if "line" in answer:
        start_response(answer["line"], [("a", "b")])
    if "again" in answer:
        start_response(answer["again"], [], (LookupError, LookupError("gone"), None))
    if "raise" in answer:
        raise answer["raise"]("gone")
    return answer["body"]()


def _drained(body: Any, most: int | None) -> list[Any]:
    """What a server gets out of a body, closing it twice."""
    got: list[Any] = []
    try:
        for part in itertools.islice(body, most):
            got.append(part)
    except BaseException as error:
        got.append(error)
    for _ in range(2):
        try:
            got.append(getattr(body, "close", list)())
        except BaseException as error:
            got.append(error)
    return got


def _wsgi(side: Side, environs: Any, answer: Any) -> Any:
    """All that can be told of the requests, each sent twice."""
    told: list[Any] = []
    found: Any = None

    def app(environ: Any, start_response: Any) -> Any:
        nonlocal found
        found = environ.get("clew.exchange")
        told.append(("current", names(context_api.get_current()), side.active()))
        told.append(("exchange", found is None or names.slots(found)))
        return _wsgi_app(answer, environ, start_response)

    def start_response(*given: Any) -> Any:
        told.append(("started", names(given)))

    middleware = side.wsgi(app)
    for request in (request for request in environs for _ in range(2)):
        own = dict(request)
        names = side.names(
            request, middleware=middleware, environ=own, start_response=start_response
        )
        try:
            body = middleware(own, start_response)
        except BaseException as error:
            told.append(("raised", names(error), names(vars(error))))
        else:
            told.append(("body", names(_drained(body, answer.get("taken")))))
        told.append(("answered", found is None or names.slots(found)))
        told.append(("left", dict(context_api.get_current()), list(own), side.active()))
        told.append(side.counted())
        told.extend(names(item) for item in side.runtime.pipeline.spans.take())
    return told


@example([_ENVIRON], {}, {"body": lambda: _CloseIsNone(b"ok")}, False)
@example([_ENVIRON], {}, {"line": "200 OK", "body": lambda: _Parts(b"x", LookupError())}, False)
@example([_ENVIRON], {}, {"line": "200 OK", "body": lambda: _Parts(b"", LookupError())}, False)
@example([_ENVIRON], {"CLEW_ACCESS_LOG": "false"}, {"line": "500 No", "body": list}, False)
@given(st.lists(_environs(), min_size=1, max_size=2), _SETTINGS, _ANSWERS, _SELDOM)
def test_any_wsgi_request_makes_the_same(
    environs: Any, settings: Any, answer: Any, watched: bool
) -> None:
    """Span, context, exchange, answer, body, counts."""
    _both(lambda side: _wsgi(side, environs, answer), settings, watched)


# ---- clients ----


def _handler(runtime: Runtime, thread: Any = "Abc123", parent: Any = None) -> Context:
    """The context of a request that is being handled."""
    current = correlation.with_id(thread, Context()) if thread else Context()
    if parent is not None:
        current = trace.set_span_in_context(NonRecordingSpan(parent), current)
    span = runtime.tracer.start_span("handler", current)
    return trace.set_span_in_context(span, current)


_STATEFUL = SpanContext(*_PARENT[:4], TraceState([("a", "1")]))
_UNSAMPLED = SpanContext(*_PARENT[:3], TraceFlags(2))
_AROUND: list[Callable[[Runtime], Context]] = [
    _handler,
    lambda runtime: _handler(runtime, parent=_PARENT),
    lambda runtime: _handler(runtime, parent=SpanContext(*_PARENT[:3], TraceFlags(0xFF))),
    lambda runtime: _handler(runtime, thread="x" * 128),
    lambda runtime: Context(),
    lambda runtime: correlation.with_id("Abc123", Context()),
    lambda runtime: _handler(runtime, thread=None),
    lambda runtime: _handler(runtime, thread="a b"),
    lambda runtime: _handler(runtime, thread="é²"),
    lambda runtime: _handler(runtime, thread="x" * 129),
    lambda runtime: _handler(runtime, parent=_STATEFUL),
    lambda runtime: _handler(runtime, parent=_UNSAMPLED),
    lambda runtime: baggage.set_baggage("a", "b", _handler(runtime)),
    lambda runtime: baggage.set_baggage("correlation_id", "other", _handler(runtime)),
    lambda runtime: baggage.clear(_handler(runtime)),
    lambda runtime: Context({**_handler(runtime), SUPPRESS: True}),
    lambda runtime: Context({**_handler(runtime), SUPPRESS: False}),
    lambda runtime: Context({**_handler(runtime), SUPPRESS_ALL: True}),
    lambda runtime: Context({**_handler(runtime), "mine": 1}),
    lambda runtime: trace.set_span_in_context(NonRecordingSpan(_PARENT), _handler(runtime)),
]
_HOST = st.sampled_from(["h", "h:8080", "u:s3cret@h", "[::1]:80", "h:x", "h:99999", "é", ""])
_URLS = st.one_of(
    st.builds(
        "{}://{}{}".format,
        st.sampled_from(["http", "https", "HTTP", "ws"]),
        _HOST,
        st.sampled_from(["", "/", "/a?b=1", "/?sig=s3cret", "?q", "/@", "/é", "/a:b://c", "#f"]),
    ),
    st.sampled_from(["", ":", "://", "//h", "h", "http:", "http:/", "http:/h", "a:b://c", "h?a://b"]),
    st.text(max_size=8),
)  # fmt: skip


class _Refusing(dict[str, str]):
    """Headers that take no baggage."""

    def __setitem__(self, key: str, value: str) -> None:
        if key == "baggage":
            raise LookupError("full")
        super().__setitem__(key, value)


_CARRIERS: list[Callable[[], Any]] = [
    dict,
    CaseInsensitiveDict,
    lambda: {"accept": "*/*", "baggage": "a=b", "traceparent": "00"},
    lambda: CaseInsensitiveDict({"TraceParent": "00"}),
    _Refusing,
    list,
]
_ENDS = st.one_of(
    st.sampled_from([{"status": 200}, {"status": 304}, {"status": 404}, {"status": 500}]),
    st.sampled_from([{}, {"status": True}, {"status": 1 << 70}, {"status": http.HTTPStatus.OK}]),
    st.sampled_from([{"error": LookupError("gone")}, {"status": 200, "error": OSError()}]),
)


def _call(side: Side, client: HttpClient, around: Any, asked: Any, end: Any) -> Any:
    """All that can be told of one call."""
    method, url, carrier = asked
    current, headers = around(side.runtime), carrier()
    names = side.names(asked, this=client, headers=headers)
    yield names(current)
    token = context_api.attach(current)
    try:
        call = client.begin(method, url, headers)
    except Exception as error:
        yield names(error)
        call = None
    finally:
        context_api.detach(token)
    yield names(list(headers.items()) if isinstance(headers, Mapping) else list(headers))
    yield call is None or names.slots(call)
    if call is not None:
        assert type(call.context) is Context
        call.end(**end)
        yield names.slots(call)
    yield side.counted()
    yield from [names(item) for item in side.runtime.pipeline.spans.take()]


def _calls(side: Side, calls: Any) -> Iterator[Any]:
    client = side.client()
    for around, asked, end in calls:
        for _ in range(2):
            yield from _call(side, client, around, asked, end)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(_handler), st.sampled_from(_AROUND)),
            st.tuples(_METHODS, _URLS, st.one_of(st.just(dict), st.sampled_from(_CARRIERS))),
            _ENDS,
        ),
        min_size=1,
        max_size=3,
    ),
    _SETTINGS,
    _SELDOM,
)
def test_any_client_call_makes_the_same(calls: Any, settings: Any, watched: bool) -> None:
    """Span, headers, context, measurement: whatever the URL is, and where it is called."""
    _both(lambda side: list(_calls(side, calls)), settings, watched)


# ---- what is taken, and what is not ----


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
        asyncio.run(exchange(self.asgi_middleware, _SCOPE))
        self.wsgi_middleware(dict(_ENVIRON), _nothing).close()  # type: ignore[attr-defined]
        self.http_client.begin("GET", _URL, {})
        self.handler = _handler(self.runtime)
        self.buffer.clear()

    def asgi(self, scope: Any = None) -> Any:
        made = _SCOPE if scope is None else scope
        return self.asgi_path.asgi(self.asgi_middleware, made, _nothing, _nothing)

    def wsgi(self, environ: Any = None) -> Any:
        return self.wsgi_path.wsgi(
            self.wsgi_middleware, _ENVIRON if environ is None else environ, _nothing
        )

    def client(self, url: Any = None, headers: Any = None, method: Any = "GET") -> Any:
        headers = {} if headers is None else headers
        return self.client_path.client(
            self.http_client, method, _URL if url is None else url, headers
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
            *attributes, *attributes[0], *_ODD, _SCOPE, *_SCOPE.values(), *_ENVIRON.values(),
            ClewSpan, SpanContext, Context, Shared, SimpleNamespace, LookupError,
            type(self.asgi()), type(self.wsgi()), self.http_client._outgoing.header,
            self.asgi_middleware.id_header, *_MESSAGES_SENT, *_MESSAGES_SENT[0], _ROUTE,
        ]  # fmt: skip


_URL = "http://h.example:8080/items/7"
_SCOPE: dict[str, Any] = scope(
    headers=[
        (b"host", b"shop.example:8080"),
        (b"user-agent", b"curl/8"),
        (b"traceparent", f"00-{_TRACE}-{_SPAN}-01".encode()),
        (b"x-correlation-id", b"abc-1"),
    ],
    query_string=b"a=1",
)
_MATCHED = SimpleNamespace(url_rule=SimpleNamespace(rule="/users/<id>"))
_MESSAGES_SENT = [{**START, "status": 204}, LAST]


def _scope_with(name: bytes | None = None, value: Any = None, **own: Any) -> dict[str, Any]:
    """The common scope, but with this header, or these keys."""
    made = {**_SCOPE, **own}
    if name is not None:
        made["headers"] = [*(pair for pair in made["headers"] if pair[0] != name), (name, value)]
    return made


def _without(given: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key not in keys}


_ASGI_TAKEN = {
    "common": _SCOPE,
    "no id": _scope_with(headers=_SCOPE["headers"][:3]),
    "no parent": _scope_with(headers=[*_SCOPE["headers"][:2], _SCOPE["headers"][3]]),
    "doubled": _scope_with(headers=_SCOPE["headers"] * 2),
    "random": _scope_with(b"traceparent", f"00-{_TRACE}-{_SPAN}-03".encode()),
    "signed": _scope_with(query_string=b"sig=s3cret"),
    "no query": _without(_SCOPE, "query_string"),
    "path": _scope_with(path="/é"),
}
_ASGI_LEFT = {
    "another mapping": _Message(_SCOPE),
    "tuple of headers": _scope_with(headers=tuple(_SCOPE["headers"])),
    "lists in headers": _scope_with(headers=[[b"host", b"h"]]),
    "three in a header": _scope_with(headers=[(b"host", b"h", b"")]),
    "text header": _scope_with(headers=[("host", "h")]),
    "bytearray": _scope_with(headers=[(b"host", bytearray(b"h"))]),
    "no headers": _without(_SCOPE, "headers"),
    "no path": _without(_SCOPE, "path"),
    "path of bytes": _scope_with(path=b"/"),
    "query of text": _scope_with(query_string="a=1"),
    "trace state": _scope_with(b"tracestate", b"a=1"),
    "baggage": _scope_with(b"baggage", b"a=1"),
    "new caller": _scope_with(b"host", b"other"),
    "client as a list": _scope_with(client=["192.0.2.7", 50_000]),
    "malformed": _scope_with(b"traceparent", b"00"),
    "not sampled": _scope_with(b"traceparent", f"00-{_TRACE}-{_SPAN}-00".encode()),
    "no trace": _scope_with(b"traceparent", f"00-{'0' * 32}-{_SPAN}-01".encode()),
    "no span": _scope_with(b"traceparent", f"00-{_TRACE}-{'0' * 16}-01".encode()),
    "empty id": _scope_with(b"x-correlation-id", b""),
    "long id": _scope_with(b"x-correlation-id", b"x" * 129),
    "odd id": _scope_with(b"x-correlation-id", b"caf\xe9"),
}
_WSGI_TAKEN = {
    "common": _ENVIRON,
    "no id": _without(_ENVIRON, "HTTP_X_CORRELATION_ID"),
    "no parent": _without(_ENVIRON, "HTTP_TRACEPARENT"),
    "no script": _without(_ENVIRON, "SCRIPT_NAME"),
    "signed": {**_ENVIRON, "QUERY_STRING": "sig=s3cret"},
    "no query": _without(_ENVIRON, "QUERY_STRING"),
}
_WSGI_LEFT = {
    "another mapping": _Message(_ENVIRON),
    "trace state": {**_ENVIRON, "HTTP_TRACESTATE": "a=1"},
    "baggage": {**_ENVIRON, "HTTP_BAGGAGE": "a=1"},
    "no path": _without(_ENVIRON, "PATH_INFO"),
    "Latin-1": {**_ENVIRON, "PATH_INFO": "/Ã©"},
    "script": {**_ENVIRON, "SCRIPT_NAME": "/Ã©"},
    "query of bytes": {**_ENVIRON, "QUERY_STRING": b"a=1"},
    "new caller": {**_ENVIRON, "HTTP_HOST": "other"},
    "unhashable": {**_ENVIRON, "REMOTE_ADDR": []},
    "parent of bytes": {**_ENVIRON, "HTTP_TRACEPARENT": b"00"},
    "malformed": {**_ENVIRON, "HTTP_TRACEPARENT": "00"},
    "not sampled": {**_ENVIRON, "HTTP_TRACEPARENT": f"00-{_TRACE}-{_SPAN}-00"},
    "id of bytes": {**_ENVIRON, "HTTP_X_CORRELATION_ID": b"x"},
    "empty id": {**_ENVIRON, "HTTP_X_CORRELATION_ID": ""},
    "odd id": {**_ENVIRON, "HTTP_X_CORRELATION_ID": "a\x00"},
}
_URLS_TAKEN = [_URL, "http://h.example:8080", f"{_URL}?a=1", f"{_URL}?sig=s3cret", f"{_URL}#@"]
_URLS_LEFT = [
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
_ODD = [*_ASGI_TAKEN.values(), *_ASGI_LEFT.values(), *_WSGI_TAKEN.values(), *_WSGI_LEFT.values()]


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("scope", _ASGI_TAKEN.values(), ids=_ASGI_TAKEN)
def test_a_common_asgi_request_is_taken(bench: Bench, scope: Any) -> None:
    """And so is its end, so that both are compared at all."""
    made = bench.asgi(scope)
    assert made is not None
    made.status, made._end = 200, time_ns()
    assert bench.asgi_path.finish(made, bench.server) is True
    assert bench.buffer.take() == [made.span]


@pytest.mark.parametrize("scope", _ASGI_LEFT.values(), ids=_ASGI_LEFT)
def test_an_asgi_request_that_is_left_to_python_has_changed_nothing(
    bench: Bench, scope: Any
) -> None:
    """Neither is it counted as begun, nor is there an error."""
    before, given = bench.side.active(), dict(scope)
    assert bench.asgi(scope) is None
    assert (bench.side.active(), scope, len(bench.buffer)) == (before, given, 0)


@pytest.mark.parametrize("environ", _WSGI_TAKEN.values(), ids=_WSGI_TAKEN)
def test_a_common_wsgi_request_is_taken(bench: Bench, environ: Any) -> None:
    """And so is its end."""
    made = bench.wsgi(environ)
    assert made is not None
    made.status = 200
    assert bench.wsgi_path.end(made, "/users/<id>", time_ns(), bench.server) is True
    assert bench.buffer.take() == [made.span]


@pytest.mark.parametrize("environ", _WSGI_LEFT.values(), ids=_WSGI_LEFT)
def test_a_wsgi_request_that_is_left_to_python_has_changed_nothing(
    bench: Bench, environ: Any
) -> None:
    """Neither is it counted as begun, nor is there an error."""
    before, given = bench.side.active(), dict(environ)
    assert bench.wsgi(environ) is None
    assert (bench.side.active(), environ, len(bench.buffer)) == (before, given, 0)


@pytest.mark.parametrize("url", _URLS_TAKEN)
def test_a_common_call_is_taken(bench: Bench, url: str) -> None:
    """Within a request; and so is its end."""
    made = _within(bench.handler, lambda: bench.client(url))
    assert made is not None
    assert bench.client_path.end_client(made, time_ns(), 200, bench.server) is True
    assert bench.buffer.take() == [made._span]


@pytest.mark.parametrize("url", _URLS_LEFT)
def test_a_call_that_is_left_to_python_has_changed_nothing(bench: Bench, url: Any) -> None:
    """No header is set."""
    headers: dict[str, str] = {}
    assert _within(bench.handler, lambda: bench.client(url, headers)) is None
    assert not headers


@pytest.mark.parametrize("around", _AROUND[4:16] + _AROUND[-1:])
def test_a_call_elsewhere_is_left_to_python(bench: Bench, around: Any) -> None:
    """Outside of a request, in one that is not sampled, with baggage of somebody's own."""
    assert _within(around(bench.runtime), bench.client) is None


def test_a_stranger_is_left_to_python() -> None:
    """What a caller says that is not trusted is kept as a link, and not continued."""
    bench = Bench(CLEW_TRUSTED_NETWORKS="10.0.0.0/8")
    assert (bench.asgi(), bench.wsgi()) == (None, None)


def test_within_a_context_an_asgi_request_is_left_to_python(bench: Bench) -> None:
    """A WSGI request, which begins with none, is not."""
    assert _within(bench.handler, bench.asgi) is None
    assert _within(bench.handler, bench.wsgi) is not None


def test_with_a_span_processor_all_is_left_to_python() -> None:
    """Whenever it was added: it is to be told of the beginning and of the end."""
    bench = Bench()
    begun = bench.asgi()
    begun.status = begun._end = 200
    bench.runtime.tracer_provider.add_span_processor(SpanProcessor())
    assert bench.asgi_path.finish(begun, bench.server) is False
    assert (bench.asgi(), bench.wsgi()) == (None, None)
    assert _within(bench.handler, bench.client) is None


def _within(current: Context, do: Callable[[], Any]) -> Any:
    token = context_api.attach(current)
    try:
        return do()
    finally:
        context_api.detach(token)


# ---- nothing is left behind ----


def _ends(bench: Bench, **own: Any) -> None:
    """Begin and end by either server's path, with `own` in the exchange."""
    own = {"status": 200, "error": "", **own}
    route, histogram = own.pop("route", None), own.pop("histogram", bench.server)
    asgi, wsgi = bench.asgi(), bench.wsgi()
    for made in (asgi, wsgi):
        for name, value in own.items():
            setattr(made, name, value)
    asgi._end = 5
    asgi.routed = {"route": SimpleNamespace(path_format=route)} if route is not None else {}
    bench.asgi_path.finish(asgi, histogram)
    bench.asgi_path.end(asgi, route, 5, histogram)
    bench.wsgi_path.end(wsgi, route, 5, histogram)


def _routed(bench: Bench, given: dict[str, Any]) -> None:
    """The end of an ASGI request that this was left of in its scope."""
    made = bench.asgi()
    made.status, made._end, made.routed = 200, 5, given
    bench.asgi_path.finish(made, bench.server)


def _renamed(bench: Bench) -> None:
    made = bench.wsgi()
    made.status = 200
    made.span.update_name("mine")
    bench.wsgi_path.end(made, "/users/<id>", 5, bench.server)


def _answers(bench: Bench, path: Any, made: Any, *given: Any, **named: Any) -> None:
    """One call of what the application is given to answer with."""
    try:
        answered = path.answer(made)(*given, **named)
    except (KeyError, TypeError):
        return
    getattr(answered, "close", list)()  # a coroutine that nobody awaits


def _sends(bench: Bench, *given: Any, **named: Any) -> None:
    _answers(bench, bench.asgi_path, bench.asgi(), *given, **named)


def _starts(bench: Bench, *given: Any, **named: Any) -> None:
    made = bench.wsgi({**_ENVIRON, "werkzeug.request": named.pop("request", None)})
    _answers(bench, bench.wsgi_path, made, *given, **named)


def _bodies(bench: Bench, make: Callable[[], Any]) -> None:
    """A body drained and closed twice, of an exchange that has ended before."""
    made = bench.wsgi()
    made._finished = True
    try:
        body = bench.wsgi_path.body(make(), made)
    except TypeError:
        return
    _drained(body, None)


def _end_client(bench: Bench, status: Any) -> None:
    made = bench.client()
    bench.client_path.end_client(made, 5, status, bench.server)
    bench.client_path.end_client(5, 5, status, bench.server)


def _wrongly(bench: Bench) -> None:
    """Calls that are no calls."""
    made = bench.asgi(), bench.wsgi()
    for path in (bench.asgi_path, bench.wsgi_path, bench.client_path):
        for name in ("asgi", "wsgi", "client", "answer", "body", "finish", "end", "end_client"):
            for wrong in ((), (1,) * 5):
                try:
                    getattr(path, name)(*wrong)
                except TypeError:
                    pass
    assert bench.asgi_path.end(made[1], None, 5, bench.server) is False
    assert bench.asgi_path.finish(made[1], bench.server) is False
    assert bench.wsgi_path.end(made[0], None, 5, bench.server) is False


def _refused(bench: Bench) -> None:
    try:
        bench.client(headers=_Refusing())
    except LookupError:
        pass


_LEAKS: dict[str, Callable[[Bench], Any]] = {
    **{
        f"asgi {name}": functools.partial(Bench.asgi, scope=given)
        for name, given in {**_ASGI_TAKEN, **_ASGI_LEFT}.items()
    },
    **{
        f"wsgi {name}": functools.partial(Bench.wsgi, environ=given)
        for name, given in {**_WSGI_TAKEN, **_WSGI_LEFT}.items()
    },
    **{
        f"client {url!r}": functools.partial(Bench.client, url=url)
        for url in _URLS_TAKEN + _URLS_LEFT
    },
    "client method": functools.partial(Bench.client, method=b"GET"),
    "client refused": _refused,
    "end": _ends,
    "end with a route": functools.partial(_ends, route="/users/{id}"),
    "end with an odd route": functools.partial(_ends, route=5),
    "end renamed": _renamed,
    "end of an error": functools.partial(_ends, error="LookupError"),
    "end of a 500": functools.partial(_ends, status=500),
    "end without a status": functools.partial(_ends, status=None),
    "end with a great status": functools.partial(_ends, status=1 << 70),
    "end unmeasured": functools.partial(_ends, histogram=None),
    "end unsampled": functools.partial(_ends, span=INVALID_SPAN),
    **{
        f"route {number}": functools.partial(_routed, given=given)
        for number, given in enumerate(_ROUTED)
    },
    "send": lambda bench: _sends(bench, _MESSAGES_SENT[0]),
    "send the last": lambda bench: _sends(bench, LAST),
    "send more": lambda bench: _sends(bench, {**LAST, "more_body": True}),
    "send odd headers": lambda bench: _sends(bench, {**START, "headers": 5}),
    "send no status": lambda bench: _sends(bench, {"type": "http.response.start"}),
    "send no message": lambda bench: _sends(bench, 5),
    "send nothing": lambda bench: _sends(bench),
    "send two": lambda bench: _sends(bench, LAST, LAST),
    "send by name": lambda bench: _sends(bench, message=START),
    "start": lambda bench: _starts(bench, "204 No", []),
    "start again": lambda bench: _starts(bench, "204 No", [], None),
    "start of a route": lambda bench: _starts(bench, "204 No", [], request=_MATCHED),
    "start of no route": lambda bench: _starts(bench, "204 No", [], request=_ROUTE),
    "start oddly": lambda bench: _starts(bench, "²04", ()),
    "start without headers": lambda bench: _starts(bench, "204 No"),
    "start nothing": lambda bench: _starts(bench),
    "start by name": lambda bench: _starts(bench, status="204 No", headers=[]),
    **{
        f"body {number}": functools.partial(_bodies, make=make)
        for number, make in enumerate(_BODY_KINDS)
    },
    "end_client": functools.partial(_end_client, status=204),
    "end_client of a 404": functools.partial(_end_client, status=404),
    "end_client of none": functools.partial(_end_client, status=None),
    "wrong": _wrongly,
}


@pytest.fixture(scope="module")
def frozen() -> Iterator[None]:
    """All that there is already is no business of the collector's, which makes it quick."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def watched(bench: Bench) -> list[Any]:
    return bench.shared()


def _assert_nothing_is_left(bench: Bench, watched: list[Any], case: Callable[[Bench], Any]) -> None:
    def do(times: int) -> None:
        for _ in range(times):
            case(bench)
            if bench.buffer._items:
                bench.buffer.clear()
        gc.collect()

    def references() -> list[int]:
        return [sys.getrefcount(each) for each in watched]

    do(100)
    before, objects = references(), len(gc.get_objects())
    do(_RUNS)
    assert references() == before
    assert len(gc.get_objects()) < objects + 100
    tracemalloc.start()
    try:
        do(100)
        traced = tracemalloc.get_traced_memory()[0]
        do(500)
        assert tracemalloc.get_traced_memory()[0] < traced + 500
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", _LEAKS)
def test_nothing_is_left_behind(bench: Bench, watched: list[Any], frozen: None, name: str) -> None:
    """Not an object, a byte or a reference, however often it is done."""
    current = bench.handler if "client" in name else Context()
    _within(current, lambda: _assert_nothing_is_left(bench, watched, _LEAKS[name]))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, str, Any], None]]:
    """Tells the compiled module another function than the ordinary one."""

    def tell(owner: Any, name: str, value: Any) -> None:
        monkeypatch.setattr(owner, name, value)
        _path._bind.__wrapped__()

    yield tell
    monkeypatch.undo()
    _path._bind.__wrapped__()


def _fails(*given: Any) -> Any:
    raise LookupError(given)


def _begins(bench: Bench) -> None:
    """Begin one of each kind, which fails."""
    bare = _without(_ENVIRON, "HTTP_X_CORRELATION_ID", "HTTP_TRACEPARENT")
    for begin in (
        lambda: bench.asgi(),
        lambda: bench.asgi(_ASGI_TAKEN["no id"]),
        lambda: bench.asgi(_ASGI_TAKEN["no parent"]),
        lambda: bench.wsgi(),
        lambda: bench.wsgi(bare),
        lambda: bench.client(f"{_URL}?a"),
    ):
        try:
            begin()
        except LookupError:
            pass


@pytest.mark.parametrize("current", ["nothing", "a request"])
@pytest.mark.parametrize(
    ("owner", "name"),
    [(_path, "time_ns"), (_ids, "_getrandbits"), (_urls, "redacted_query"), (_urls, "clean_url")],
)
def test_nothing_is_left_behind_by_a_failure(
    bench: Bench, watched: list[Any], frozen: None, told: Any, owner: Any, name: str, current: str
) -> None:
    """Of a function that the path calls: the failure is the answer, and all else is undone."""
    active = bench.side.active()
    told(owner, name, _fails)
    context = bench.handler if current == "a request" else Context()
    _within(context, lambda: _assert_nothing_is_left(bench, watched, _begins))
    if name == "time_ns" and context:
        with pytest.raises(LookupError):
            _within(context, bench.client)
    if name in ("time_ns", "redacted_query"):
        with pytest.raises(LookupError):
            bench.wsgi()
        assert bench.side.active() == active


def test_cycles_are_collected() -> None:
    """What the application is given may hold the request, and the request it."""
    bench = Bench()
    asgi, wsgi, other = bench.asgi(dict(_SCOPE)), bench.wsgi(dict(_ENVIRON)), bench.wsgi()
    asgi.status = bench.asgi_path.answer(asgi)
    wsgi.status = bench.wsgi_path.answer(wsgi)
    other.status = bench.wsgi_path.body([], other)
    bench.asgi_middleware.tracer.middleware = bench.asgi_middleware  # type: ignore[attr-defined]
    gone = [weakref.ref(made.span) for made in (asgi, wsgi, other)]
    gone.append(weakref.ref(bench.asgi_middleware))
    del bench, asgi, wsgi, other
    gc.collect()
    assert [each() for each in gone] == [None] * 4


def test_an_id_is_never_zero(bench: Bench, told: Any) -> None:
    """Not even where all bits that were drawn are."""
    told(_ids, "_getrandbits", lambda bits: 0)
    for made in (bench.asgi(_ASGI_TAKEN["no parent"]), bench.wsgi(_WSGI_TAKEN["no parent"])):
        assert made.span.get_span_context()[:2] == (1, 1)


def test_an_answer_without_arguments_is_an_error(bench: Bench) -> None:
    """Also where the interpreter calls it so from C, with no array of arguments at all."""
    for path, made in ((bench.asgi_path, bench.asgi()), (bench.wsgi_path, bench.wsgi())):
        answer = path.answer(made)
        with pytest.raises(TypeError, match="missing"):
            next(iter(answer, None))


_WITHOUT = """
import asyncio, sys
sys.modules["clew._path_native"] = None
from clew import _path
from clew._config import Settings
from clew._http_client import HttpClient
from clew._runtime import Runtime
from clew.asgi import ClewMiddleware
from clew.wsgi import ClewWsgiMiddleware

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})

async def send(message):
    if "headers" in message:
        print(message["headers"][-1][1].decode())

def wsgi_app(environ, start_response):
    start_response("200 OK", [])
    return []

runtime = Runtime(Settings.from_environ({}))
asgi, wsgi = ClewMiddleware(app, runtime), ClewWsgiMiddleware(wsgi_app, runtime)
client = HttpClient(runtime)
print(_path.COMPILED, asgi.compiled, wsgi.compiled, client._compiled)
headers = [(b"x-correlation-id", b"abc-1")]
scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
asyncio.run(asgi(scope, None, send))
environ = {"REQUEST_METHOD": "GET", "HTTP_X_CORRELATION_ID": "abc-1"}
wsgi(environ, lambda status, headers: print(headers[-1][1])).close()
call = client.begin("GET", "http://h/", {})
call.end(200)
print(len(runtime.pipeline.spans) == 3)
"""


def test_without_the_compiled_module_all_is_python() -> None:
    """As where clew was installed without a compiler."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        env={"OTEL_TRACES_EXPORTER": "none", "CLEW_ACCESS_LOG": "false"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout.split(), done.returncode) == (
        ["False", "None", "None", "None", "abc-1", "abc-1", "True"],
        0,
    ), done.stderr


def test_a_compiled_module_that_does_not_fit_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that was compiled of other sources: the service starts, and all is done in Python."""
    before = _faults.total()
    monkeypatch.setattr(_path, "_bind", lambda: _path._path_native.bind({}))
    middleware = ClewMiddleware(lambda *given: None, Runtime(Settings.from_environ({})))
    assert middleware.compiled is None
    assert _faults.total() == before + 1
