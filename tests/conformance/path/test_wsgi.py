"""Compiled or in Python: the same WSGI requests make the same of everything."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry import context as context_api
from opentelemetry import trace

from tests.conformance.path.sent import (
    HEADERS,
    METHODS,
    QUERIES,
    SELDOM,
    SETTINGS,
    left_out,
)
from tests.conformance.path.sides import (
    SPAN,
    TRACE,
    Side,
    both_sides,
)

pytest.importorskip("clew._path_native", reason="clew was installed without a compiler")

ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/shop",
    "PATH_INFO": "/users/7",
    "QUERY_STRING": "a=1",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "192.0.2.7",
    "wsgi.url_scheme": "http",
    "HTTP_HOST": "shop.example:8080",
    "HTTP_USER_AGENT": "curl/8",
    "HTTP_TRACEPARENT": f"00-{TRACE}-{SPAN}-01",
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
        "REQUEST_METHOD": draw(METHODS),
        "SCRIPT_NAME": draw(st.one_of(st.just(""), _PATHS)),
        "PATH_INFO": draw(_PATHS),
        "QUERY_STRING": draw(QUERIES),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.url_scheme": draw(st.sampled_from(["http", "http", "https"])),
    }
    for name, value in draw(HEADERS):
        made["HTTP_" + name.upper().replace("-", "_")] = value
    if draw(SELDOM):
        key = draw(st.sampled_from(sorted(_ENVIRON_ODD)))
        made[key] = draw(st.sampled_from(_ENVIRON_ODD[key]))
    for key in draw(left_out(tuple(made))):
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


BODY_KINDS: list[Callable[[], Any]] = [
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
_BODIES: Any = st.sampled_from(BODY_KINDS)
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


def drain_body(body: Any, most: int | None) -> list[Any]:
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
            told.append(("body", names(drain_body(body, answer.get("taken")))))
        told.append(("answered", found is None or names.slots(found)))
        told.append(("left", dict(context_api.get_current()), list(own), side.active()))
        told.append(side.counted())
        told.extend(names(item) for item in side.runtime.pipeline.spans.take())
    return told


@example([ENVIRON], {}, {"body": lambda: _CloseIsNone(b"ok")}, False)
@example([ENVIRON], {}, {"line": "200 OK", "body": lambda: _Parts(b"x", LookupError())}, False)
@example([ENVIRON], {}, {"line": "200 OK", "body": lambda: _Parts(b"", LookupError())}, False)
@example([ENVIRON], {"CLEW_ACCESS_LOG": "false"}, {"line": "500 No", "body": list}, False)
@given(st.lists(_environs(), min_size=1, max_size=2), SETTINGS, _ANSWERS, SELDOM)
def test_any_wsgi_request_makes_the_same(
    environs: Any, settings: Any, answer: Any, watched: bool
) -> None:
    """Span, context, exchange, answer, body, counts."""
    both_sides(lambda side: _wsgi(side, environs, answer), settings, watched)
