"""When an ASGI request is done, and how: streams, background tasks, failures, lost clients."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tests.instrumentation.asgi import LAST, START, Response, exchange, fails, get, scope, sends
from tests.instrumentation.telemetry import Telemetry

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"


def test_stream_lasts_until_its_last_byte(clew: Telemetry) -> None:
    """A streamed response is not done when its handler returns, but when the last part was sent."""
    order: list[str] = []
    span = trace.INVALID_SPAN

    async def parts() -> Any:
        nonlocal span
        span = trace.get_current_span()
        order.append(f"first: recording={span.is_recording()}")
        yield "a"
        order.append(f"second: recording={span.is_recording()}")
        yield "b"

    async def stream(request: Any) -> StreamingResponse:
        return StreamingResponse(parts())

    get(clew.wrap(Starlette(routes=[Route("/", stream)])))
    assert order == ["first: recording=True", "second: recording=True"]
    assert not span.is_recording()
    assert clew.span().attributes["http.response.status_code"] == 200


def test_background_tasks_do_not_count(clew: Telemetry) -> None:
    """A background task runs after the request's end, in its trace."""
    app = FastAPI()
    seen: list[Any] = []

    def later() -> None:
        span = trace.get_current_span()
        seen.append((span.is_recording(), span.get_span_context().trace_id))

    @app.get("/")
    def read(tasks: BackgroundTasks) -> str:
        tasks.add_task(later)
        return "ok"

    get(clew.wrap(app))
    span = clew.span().data
    assert seen == [(False, int.from_bytes(span.trace_id, "big"))]


def test_failing_background_task_is_not_the_requests_failure(clew: Telemetry) -> None:
    """The request was answered with 200; what failed after it is not counted against it."""
    app = FastAPI()

    def later() -> None:
        raise ValueError("later")

    @app.get("/")
    def read(tasks: BackgroundTasks) -> str:
        tasks.add_task(later)
        return "ok"

    response = get(clew.wrap(app))
    assert isinstance(response.raised, ValueError)
    span = clew.span()
    assert span.data.status.code == 0
    assert "error.type" not in span.attributes


def test_unhandled_exception(clew: Telemetry) -> None:
    """The span has the exception and the status; metric and access line the error's type."""
    response = get(clew.wrap(fails))
    assert isinstance(response.raised, LookupError)
    span = clew.span()
    assert (span.data.status.code, span.data.status.message) == (2, "LookupError: gone")
    assert span.attributes["error.type"] == "LookupError"
    assert span.attributes["http.response.status_code"] == 500
    (event,) = span.data.events
    assert event.name == "exception"
    (point,) = clew.points(DURATION)
    assert point.attributes["error.type"] == "LookupError"
    assert point.attributes["http.response.status_code"] == 500
    assert clew.access()[0]["level"] == "ERROR"


def test_server_error_without_exception(clew: Telemetry) -> None:
    """A 503 is an error of the server, and its type is the status."""
    get(clew.wrap(sends({**START, "status": 503}, LAST)))
    span = clew.span()
    assert (span.data.status.code, span.attributes["error.type"]) == (2, "503")


def test_client_error_is_no_server_error(clew: Telemetry) -> None:
    """A 404 leaves the status of a SERVER span unset (HTTP conventions, "Status")."""
    get(clew.wrap(sends({**START, "status": 404}, LAST)))
    span = clew.span()
    assert span.data.status.code == 0
    assert "error.type" not in span.attributes


def test_exception_that_cannot_be_told(clew: Telemetry) -> None:
    """An exception whose text fails leaves the application as itself, and is measured."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise Broken

    response = get(clew.wrap(app))
    assert isinstance(response.raised, Broken)
    assert response.status == 500
    assert clew.span().attributes["error.type"].endswith("Broken")


def test_exception_in_the_middle_of_a_stream(clew: Telemetry) -> None:
    """After the first byte the status cannot change; the error is told all the same."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send({**LAST, "body": b"a", "more_body": True})
        raise OSError("disk")

    response = get(clew.wrap(app))
    assert [m["type"] for m in response.messages] == [START["type"], LAST["type"]]
    span = clew.span()
    assert span.attributes["http.response.status_code"] == 200
    assert (span.attributes["error.type"], span.data.status.code) == ("OSError", 2)


def test_cancelled_request(clew: Telemetry) -> None:
    """A request that is cancelled ends, and nothing is answered in its place."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Future()

    async def main() -> Response:
        task = asyncio.create_task(exchange(clew.wrap(app), scope()))
        while not clew.runtime.pipeline.http.active.values():
            await asyncio.sleep(0)
        task.cancel()
        return await task

    response = asyncio.run(main())
    assert isinstance(response.raised, asyncio.CancelledError)
    assert response.messages == []
    assert clew.span().attributes["error.type"].endswith("CancelledError")
    (active,) = clew.points(ACTIVE)
    assert active.number == 0


def test_client_that_left(clew: Telemetry) -> None:
    """A request that was given up because the client went away says so."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        while (await receive())["type"] != "http.disconnect":
            pass

    asyncio.run(exchange(clew.wrap(app), scope(), [{"type": "http.disconnect"}]))
    span = clew.span()
    assert (span.attributes["error.type"], span.data.status.code) == ("ClientDisconnect", 2)


def test_incomplete_response(clew: Telemetry) -> None:
    """An application that returns before the last byte gave no complete response."""
    get(clew.wrap(sends(START, {**LAST, "more_body": True})))
    assert clew.span().attributes["error.type"] == "IncompleteResponse"


def test_no_response_at_all(clew: Telemetry) -> None:
    """An application that returns without an answer is measured without a status."""
    get(clew.wrap(sends()))
    span = clew.span()
    assert "http.response.status_code" not in span.attributes
    assert span.data.status.code == 2


def test_last_byte_twice_is_one_request(clew: Telemetry) -> None:
    """An application that sends an end twice has still served one request."""
    get(clew.wrap(sends(START, LAST, LAST)))
    assert len(clew.spans()) == 1
    (point,) = clew.points(DURATION)
    assert point.data.count == 1


@pytest.mark.parametrize(
    "messages",
    [
        ({**START, "trailers": True}, LAST, {"type": "http.response.trailers", "headers": []}),
        (START, {"type": "http.response.pathsend", "path": "/x"}),
        (START, {"type": "http.response.zerocopysend", "file": None}),
        ({"type": "http.response.debug", "info": {}}, START, LAST),
        ({"type": "http.response.early_hint", "links": []}, START, LAST),
    ],
    ids=["trailers", "pathsend", "zerocopysend", "debug", "early_hint"],
)
def test_extensions(messages: tuple[dict[str, Any], ...], clew: Telemetry) -> None:
    """Responses by the extensions of ASGI are complete, and pass as they are."""
    response = get(clew.wrap(sends(*messages)))
    assert [m["type"] for m in response.messages] == [m["type"] for m in messages]
    assert "error.type" not in clew.span().attributes


def test_no_work_for_the_garbage_collector(clew: Telemetry) -> None:
    """What a request held is free at its end, without the cyclic collector."""

    class State(dict[str, Any]):
        pass

    async def hello(request: Any) -> PlainTextResponse:  # no thread, which keeps things a while
        return PlainTextResponse("ok")

    app = clew.wrap(Starlette(routes=[Route("/", hello)]))
    get(app)
    state = State()
    held = weakref.ref(state)
    gc.collect()
    gc.disable()
    try:
        get(app, state=state)
        del state
        assert held() is None
    finally:
        gc.enable()
