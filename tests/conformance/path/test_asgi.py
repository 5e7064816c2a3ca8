"""Compiled or in Python: the same ASGI requests make the same of everything."""

from __future__ import annotations

import asyncio
import http
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context

from tests.conformance.path.sent import (
    CONTEXTS,
    HEADERS,
    METHODS,
    QUERIES,
    SELDOM,
    SETTINGS,
    left_out,
)
from tests.conformance.path.sides import (
    Side,
    both_sides,
)
from tests.instrumentation.asgi import LAST, START, exchange, scope

pytest.importorskip("clew._path_native", reason="clew was installed without a compiler")


@st.composite
def _scopes(draw: Any) -> dict[str, Any]:
    """A scope; out of the common here and there."""
    made = scope(draw(METHODS), draw(st.sampled_from(["/", "/users/7", "/é/\udc80", ""])))
    made["query_string"] = draw(QUERIES).encode()
    made["headers"] = [(k.encode(), v.encode("latin-1")) for k, v in draw(HEADERS)]
    made["client"] = draw(
        st.one_of(
            st.just(("192.0.2.7", 50_000)),
            st.sampled_from([None, ["10.1.2.3", 5], ("10.1.2.3", None), ("", 0), ["a", ["b"]]]),
        )
    )
    if draw(SELDOM):
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
    for key in draw(left_out(("method", "scheme", "query_string", "client", "http_version"))):
        made.pop(key, None)
    return made


class Message(dict[str, Any]):
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
    st.sampled_from([{}, {"type": "http.response.start"}, None, Message(START), Message(LAST)]),
)  # fmt: skip
ROUTE = SimpleNamespace(path_format="/users/{id}", path="/users/{id:int}")
ROUTED: list[dict[str, Any]] = [
    {"route": ROUTE},
    {"route": ROUTE, "clew.mounted": "/api"},
    {"route": SimpleNamespace(path_format="", path="/p")},
    {"route": SimpleNamespace(path="/p")},
    {"route": SimpleNamespace(path_format=b"/p")},
    {"route": SimpleNamespace(path_format="/p", routes=[]), "clew.mounted": "/api"},
    {"route": object()},
    {"route": ROUTE, "fastapi": {}},
    {"route": ROUTE, "fastapi": None},
    {"route": ROUTE, "fastapi": {"effective_route_context": None}},
    *(
        {"route": ROUTE, "fastapi": {"effective_route_context": SimpleNamespace(**included)}}
        for included in (
            {"original_route": ROUTE, "path_format": "/v1/users/{id}"},
            {"original_route": None, "path_format": "/v1/users/{id}"},
            {"original_route": ROUTE, "path_format": ""},
        )
    ),
]
_ROUTES: Any = st.sampled_from(ROUTED)
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
@given(st.lists(_scopes(), min_size=1, max_size=2), SETTINGS, _PROGRAMS, CONTEXTS, SELDOM)
def test_any_asgi_request_makes_the_same(
    scopes: Any, settings: Any, program: Any, current: Context, watched: bool
) -> None:
    """Span, context, exchange, answer, counts: whatever the scope and the application are."""
    both_sides(lambda side: asyncio.run(_asgi(side, scopes, program, current)), settings, watched)
