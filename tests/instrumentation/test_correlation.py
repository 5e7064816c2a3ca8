"""The correlation id: where it comes from, what is accepted, and where it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import baggage
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

import clew as public
from clew import correlation
from clew.export._buffer import count_of
from tests.instrumentation.asgi import get
from tests.instrumentation.telemetry import Telemetry

GENERATED = r"[0-9a-f]{32}"


def _answers_with_its_id(clew: Telemetry) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (public.correlation_id() or "").encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return clew.wrap(app)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Correlation-ID": "a"}, "a"),
        ({"X-Request-ID": "b"}, "b"),
        ({"X-Request-ID": "b", "X-Correlation-ID": "a"}, "a"),
        ({"baggage": "correlation_id=c"}, "c"),
        ({"baggage": "correlation_id=c", "X-Correlation-ID": "a"}, "a"),
        ({"baggage": "correlation_id=c", "X-Request-ID": "b"}, "b"),
        ({"baggage": "correlation_id=two%20words"}, "two words"),
        ({"baggage": "tenant=acme", "X-Request-ID": "b"}, "b"),
    ],
)
def test_first_of_the_headers_wins(headers: dict[str, str], expected: str, clew: Telemetry) -> None:
    """X-Correlation-ID before X-Request-ID before baggage; the handler sees it, and the caller."""
    response = get(_answers_with_its_id(clew), headers=headers)
    assert response.body.decode() == expected
    assert response.correlation_id == expected
    assert clew.span().attributes["correlation_id"] == expected


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("a", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", True),
        ("order #17; ~!\"'{}", True),
        ("", False),
        ("tab\there", False),
        ("line\nbreak", False),
        ("\x7f", False),
        ("caf\xe9", False),
        ("\x00", False),
    ],
)
def test_what_is_valid(value: str, valid: bool, clew: Telemetry) -> None:
    """1 to 128 printable ASCII characters are kept; anything else is replaced by a new id."""
    assert correlation.is_valid(value) is valid
    given = get(_answers_with_its_id(clew), headers={"X-Correlation-ID": value}).correlation_id
    if valid:
        assert given == value
    else:
        assert given != value
        assert len(given) == 32
        assert int(given, 16)


def test_replaced_ids_are_counted() -> None:
    """A caller's invalid id counts as replaced; an absent or empty one does not."""
    before = count_of(correlation.replaced)
    correlation.accept(None)
    correlation.accept("")
    correlation.accept("fine")
    assert count_of(correlation.replaced) == before
    correlation.accept("not\nfine")
    assert count_of(correlation.replaced) == before + 1


def test_replaced_ids_are_a_metric(clew: Telemetry) -> None:
    """The count of replaced ids is exported."""
    get(_answers_with_its_id(clew), headers={"X-Correlation-ID": "x" * 1_000})
    (point,) = clew.points("clew.correlation.replaced")
    assert point.number >= 1


def test_every_request_without_an_id_gets_its_own(clew: Telemetry) -> None:
    """Generated ids are 32 hexadecimal digits, and all different."""
    app = _answers_with_its_id(clew)
    ids = [get(app).correlation_id for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(len(one) == 32 and int(one, 16) for one in ids)


def test_seed_of_the_application_does_not_repeat_ids(clew: Telemetry) -> None:
    """Workers that seed `random` alike still make different ids."""
    import random

    app = _answers_with_its_id(clew)
    random.seed(1)
    first = get(app).correlation_id
    random.seed(1)
    assert get(app).correlation_id != first


def _site() -> Starlette:
    def fail(request: Any) -> None:
        raise ValueError("no")

    async def stream(request: Any) -> StreamingResponse:
        async def parts() -> Any:
            for part in ("a", "b"):
                yield part

        return StreamingResponse(parts())

    inner = Starlette(routes=[Route("/deep", lambda request: PlainTextResponse("deep"))])
    return Starlette(
        routes=[
            Route("/ok", lambda request: PlainTextResponse("ok")),
            Route("/fail", fail),
            Route("/stream", stream),
            Mount("/sub", inner),
        ]
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [("/ok", 200), ("/missing", 404), ("/fail", 500), ("/stream", 200), ("/sub/deep", 200)],
)
def test_every_answer_carries_the_id(path: str, status: int, clew: Telemetry) -> None:
    """The response header is there once, on success, 404, unhandled error, stream and mount."""
    response = get(clew.wrap(_site()), path, {"X-Correlation-ID": "thread-1"})
    assert response.status == status
    start = next(m for m in response.messages if m["type"] == "http.response.start")
    values = [v for k, v in start["headers"] if k.lower() == b"x-correlation-id"]
    assert values == [b"thread-1"]


def test_unhandled_error_of_a_bare_app_is_answered_with_the_id(clew: Telemetry) -> None:
    """Without a framework that answers, clew gives the 500, and the server gets the exception."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("x")

    response = get(clew.wrap(app), headers={"X-Correlation-ID": "thread-2"})
    assert isinstance(response.raised, KeyError)
    assert (response.status, response.correlation_id) == (500, "thread-2")


def test_message_of_the_application_is_not_changed(clew: Telemetry) -> None:
    """The header is added to a copy: an application may send the same message twice."""
    start = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        await send({"type": "http.response.body"})

    wrapped = clew.wrap(app)
    for _ in range(2):
        get(wrapped)
    assert start["headers"] == [(b"a", b"b")]


def test_own_header_name(make: Callable[..., Telemetry]) -> None:
    """CLEW_CORRELATION_HEADERS names the headers: read in order, answered in the first."""
    clew = make(CLEW_CORRELATION_HEADERS="X-Trace-Me,X-Other")
    app = _answers_with_its_id(clew)
    response = get(app, headers={"x-other": "o", "X-Correlation-ID": "ignored"})
    assert response.headers["x-trace-me"] == "o"
    assert "x-correlation-id" not in response.headers


def test_baggage_reaches_the_handler(clew: Telemetry) -> None:
    """A handler finds the id in the baggage, beside what the caller put there."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(baggage.get_all())

    headers = {"baggage": "tenant=acme,correlation_id=old", "X-Correlation-ID": "new"}
    get(clew.wrap(app), headers=headers)
    assert seen == {"tenant": "acme", "correlation_id": "new"}
