"""The correlation id: where it comes from, what is accepted, and where it goes."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import baggage
from opentelemetry.context import Context, attach, detach
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
def test_first_of_the_headers_wins(
    headers: dict[str, str], expected: str, clew: Telemetry
) -> None:
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


def test_no_id_outside_a_request() -> None:
    """Outside any request or block there is no id."""
    assert contextvars.Context().run(public.correlation_id) is None


def test_bind() -> None:
    """Within `bind` the id is the given one, or a new one; after it, what it was before."""
    with public.bind_correlation_id("job-1") as one:
        assert (one, public.correlation_id()) == ("job-1", "job-1")
        assert baggage.get_baggage("correlation_id") == "job-1"
        with public.bind_correlation_id() as two:
            assert public.correlation_id() == two != one
        assert public.correlation_id() == "job-1"
    assert public.correlation_id() is None


def test_bind_replaces_what_is_not_valid() -> None:
    """An id that could not travel is replaced, so that the block works with one that can."""
    with public.bind_correlation_id("bad\nid") as made:
        assert correlation.is_valid(made)
        assert public.correlation_id() == made


def test_bind_ends_with_an_exception() -> None:
    """An exception leaves the block as it was found."""
    with pytest.raises(ValueError, match="x"), public.bind_correlation_id("job"):
        raise ValueError("x")
    assert public.correlation_id() is None


def test_bound_spans_carry_the_id(clew: Telemetry) -> None:
    """A span that is started within `bind` has the id, whatever the attribute limit."""
    with public.bind_correlation_id("job-2"):
        clew.runtime.tracer.start_span("work").end()
    assert clew.span().attributes["correlation_id"] == "job-2"


def test_no_room_for_attributes(
    make: Callable[..., Telemetry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an attribute limit of 0, starting a span within `bind` still works."""
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0")
    clew = make()
    with public.bind_correlation_id("job-3"):
        clew.runtime.tracer.start_span("work").end()
    assert clew.span().data.name == "work"


def test_tasks_and_threads() -> None:
    """Tasks inherit the id; a thread has it where the context is copied into it."""

    async def main() -> list[str | None]:
        with public.bind_correlation_id("job-4"):
            task = asyncio.create_task(asyncio.to_thread(public.correlation_id))
            alone: list[str | None] = []
            thread = threading.Thread(target=lambda: alone.append(public.correlation_id()))
            thread.start()
            thread.join()
            return [await task, *alone]

    assert asyncio.run(main()) == ["job-4", None]


def test_concurrent_requests_do_not_mix(clew: Telemetry) -> None:
    """Requests that take turns in one event loop each keep their own id."""
    from tests.instrumentation.asgi import exchange, scope, with_headers

    app = FastAPI()

    @app.get("/")
    async def ids() -> list[str | None]:
        found = []
        for _ in range(5):
            found.append(public.correlation_id())
            await asyncio.sleep(0)
        return found

    wrapped = clew.wrap(app)

    async def main() -> list[Any]:
        requests = [
            exchange(wrapped, scope(**with_headers({"X-Correlation-ID": f"id-{n}"})))
            for n in range(20)
        ]
        return await asyncio.gather(*requests)

    for number, response in enumerate(asyncio.run(main())):
        assert json.loads(response.body) == [f"id-{number}"] * 5
        assert response.correlation_id == f"id-{number}"


def test_propagator_round_trip() -> None:
    """What the propagator writes, it reads back; a settled id is not changed by what arrives."""
    propagator = correlation.CorrelationPropagator(["X-Correlation-ID", "X-Request-ID"])
    carrier: dict[str, str] = {}
    propagator.inject(carrier, correlation.with_id("a b", Context()))
    # The default getter looks names up as they are.
    assert carrier == {next(iter(propagator.fields)): "a b"}
    read = propagator.extract(carrier, Context())
    assert correlation.get(read) == "a b"
    settled = correlation.with_id("mine", Context())
    assert correlation.get(propagator.extract(carrier, settled)) == "mine"


def test_no_id_is_not_injected() -> None:
    """Without an id nothing is written, and nothing that arrives makes one up."""
    propagator = correlation.CorrelationPropagator(["X-Correlation-ID"])
    carrier: dict[str, str] = {}
    propagator.inject(carrier, Context())
    assert carrier == {}
    assert correlation.get(propagator.extract({}, Context())) is None


def test_baggage_alone_settles_the_id() -> None:
    """A message whose carrier has W3C baggage only still carries the thread on."""
    token = attach(Context())
    try:
        context = baggage.set_baggage("correlation_id", "from-baggage")
        propagator = correlation.CorrelationPropagator(["X-Correlation-ID"])
        assert correlation.get(propagator.extract({}, context)) == "from-baggage"
    finally:
        detach(token)
