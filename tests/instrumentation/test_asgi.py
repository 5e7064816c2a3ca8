"""ASGI requests from beginning to end: what is measured, and when it counts as done."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, WebSocket
from fastapi.testclient import TestClient
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from tests.instrumentation.asgi import Response, exchange, get, scope
from tests.instrumentation.telemetry import Telemetry

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"
_START = {"type": "http.response.start", "status": 200, "headers": []}
_LAST = {"type": "http.response.body", "body": b""}


def _app(*messages: dict[str, Any]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


async def _fails(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError("gone")


def test_all_signals_of_one_request(clew: Telemetry) -> None:
    """Span, metric, access line and its OTLP record tell the same request."""
    app = FastAPI()

    @app.get("/users/{user_id}")
    def read(user_id: int) -> int:
        return user_id

    get(clew.wrap(app), "/users/7?q=1", {"X-Correlation-ID": "t", "User-Agent": "curl/8"})
    span = clew.span()
    assert span.data.kind == 2  # SERVER
    assert span.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/users/{user_id}",
        "url.scheme": "http",
        "url.path": "/users/7",
        "url.query": "q=1",
        "server.address": "shop.example",
        "server.port": 8080,
        "client.address": "192.0.2.7",
        "network.peer.address": "192.0.2.7",
        "network.peer.port": 50_000,
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
        "correlation_id": "t",
    }
    (point,) = clew.points(DURATION)
    assert point.attributes == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.route": "/users/{user_id}",
        "http.response.status_code": 200,
    }
    seconds = (span.data.end_time_unix_nano - span.data.start_time_unix_nano) / 1e9
    assert (point.data.count, point.data.sum) == (1, seconds)
    (exemplar,) = clew.sink.exemplars(DURATION)
    assert (exemplar.trace_id, exemplar.span_id) == (span.data.trace_id, span.data.span_id)
    (line,) = clew.access()
    assert line["message"] == "GET /users/7 200"
    assert line["duration"] == seconds
    assert line["trace_id"] == span.data.trace_id.hex()
    assert line["span_id"] == span.data.span_id.hex()
    assert line["correlation_id"] == "t"
    (record,) = clew.logs()
    assert record.data.trace_id == span.data.trace_id
    assert record.attributes["url.path"] == "/users/7"


def test_parent_of_the_caller(clew: Telemetry) -> None:
    """The span continues the caller's trace, its trace state included."""
    trace_id, span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = {"traceparent": f"00-{trace_id}-{span_id}-01", "tracestate": "vendor=1"}
    get(clew.wrap(_app(_START, _LAST)), headers=headers)
    span = clew.span().data
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace_id, span_id)
    assert (span.trace_state, span.flags) == ("vendor=1", 0x300)


def test_unsampled_caller_is_counted_not_traced(clew: Telemetry) -> None:
    """Where the caller sampled no trace there is no span, but metric, log line and its ids."""
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"}
    get(clew.wrap(_app(_START, _LAST)), headers=headers)
    assert clew.spans() == []
    (point,) = clew.points(DURATION)
    assert (point.data.count, clew.sink.exemplars(DURATION)) == (1, [])
    assert clew.access()[0]["trace_id"] == "a" * 32


@pytest.mark.parametrize(
    "sampler", ["always_off", "parentbased_always_off", "traceidratio", "always_on"]
)
def test_samplers(
    sampler: str, make: Callable[..., Telemetry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OTEL_TRACES_SAMPLER decides about spans; every request is measured."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    clew = make()
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"}
    app = clew.wrap(_app(_START, _LAST))
    get(app)
    get(app, headers=headers)
    spans = clew.spans()
    assert len(spans) == (2 if sampler == "always_on" else 0)
    if spans:
        assert spans[1].data.parent_span_id.hex() == "b" * 16
    (point,) = clew.points(DURATION)
    assert point.data.count == 2


def test_spans_inside_are_children(clew: Telemetry) -> None:
    """What a handler starts is a child of the request, in sync handlers' threads too."""
    app = FastAPI()
    tracer = clew.runtime.tracer_provider.get_tracer("shop")

    @app.get("/")
    def read() -> None:
        with tracer.start_as_current_span("inner"):
            pass

    get(clew.wrap(app))
    inner, server = clew.spans()
    assert inner.data.parent_span_id == server.data.span_id
    assert inner.attributes["correlation_id"] == server.attributes["correlation_id"]


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
    response = get(clew.wrap(_fails))
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
    get(clew.wrap(_app({**_START, "status": 503}, _LAST)))
    span = clew.span()
    assert (span.data.status.code, span.attributes["error.type"]) == (2, "503")


def test_client_error_is_no_server_error(clew: Telemetry) -> None:
    """A 404 leaves the status of a SERVER span unset (HTTP conventions, "Status")."""
    get(clew.wrap(_app({**_START, "status": 404}, _LAST)))
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
        await send(_START)
        await send({**_LAST, "body": b"a", "more_body": True})
        raise OSError("disk")

    response = get(clew.wrap(app))
    assert [m["type"] for m in response.messages] == [_START["type"], _LAST["type"]]
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
        await send(_START)
        while (await receive())["type"] != "http.disconnect":
            pass

    asyncio.run(exchange(clew.wrap(app), scope(), [{"type": "http.disconnect"}]))
    span = clew.span()
    assert (span.attributes["error.type"], span.data.status.code) == ("ClientDisconnect", 2)


def test_incomplete_response(clew: Telemetry) -> None:
    """An application that returns before the last byte gave no complete response."""
    get(clew.wrap(_app(_START, {**_LAST, "more_body": True})))
    assert clew.span().attributes["error.type"] == "IncompleteResponse"


def test_no_response_at_all(clew: Telemetry) -> None:
    """An application that returns without an answer is measured without a status."""
    get(clew.wrap(_app()))
    span = clew.span()
    assert "http.response.status_code" not in span.attributes
    assert span.data.status.code == 2


def test_last_byte_twice_is_one_request(clew: Telemetry) -> None:
    """An application that sends an end twice has still served one request."""
    get(clew.wrap(_app(_START, _LAST, _LAST)))
    assert len(clew.spans()) == 1
    (point,) = clew.points(DURATION)
    assert point.data.count == 1


@pytest.mark.parametrize(
    "messages",
    [
        ({**_START, "trailers": True}, _LAST, {"type": "http.response.trailers", "headers": []}),
        (_START, {"type": "http.response.pathsend", "path": "/x"}),
        (_START, {"type": "http.response.zerocopysend", "file": None}),
        ({"type": "http.response.debug", "info": {}}, _START, _LAST),
        ({"type": "http.response.early_hint", "links": []}, _START, _LAST),
    ],
    ids=["trailers", "pathsend", "zerocopysend", "debug", "early_hint"],
)
def test_extensions(messages: tuple[dict[str, Any], ...], clew: Telemetry) -> None:
    """Responses by the extensions of ASGI are complete, and pass as they are."""
    response = get(clew.wrap(_app(*messages)))
    assert [m["type"] for m in response.messages] == [m["type"] for m in messages]
    assert "error.type" not in clew.span().attributes


def test_head(clew: Telemetry) -> None:
    """A HEAD request is one of its own kind, and complete without a body."""
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("text"))])
    get(clew.wrap(app), method="HEAD")
    span = clew.span()
    assert (span.data.name, span.attributes["http.request.method"]) == ("HEAD /", "HEAD")


def test_unknown_method(clew: Telemetry) -> None:
    """A method that nobody knows is "_OTHER" in labels, and told on the span alone."""
    app = clew.wrap(_app(_START, _LAST))
    for method in ("BREW", "get", "G" * 1_000):
        get(app, method=method)
    names = [(s.data.name, s.attributes["http.request.method_original"]) for s in clew.spans()]
    assert [name for name, _ in names] == ["HTTP"] * 3
    assert [original for _, original in names] == ["BREW", "get", "G" * 1_000]
    (point,) = clew.points(DURATION)
    assert point.attributes["http.request.method"] == "_OTHER"


def test_query_secrets(clew: Telemetry) -> None:
    """Parameters that sign a request are redacted (semantic conventions, url.query)."""
    get(clew.wrap(_app(_START, _LAST)), "/?a=1&sig=s3cret&X-Amz-Signature=s3cret&b=%20")
    query = clew.span().attributes["url.query"]
    assert "s3cret" not in query
    assert query.startswith("a=1&sig=REDACTED&X-Amz-Signature=REDACTED")


def test_excluded_urls_give_nothing(make: Callable[..., Telemetry]) -> None:
    """An excluded path gives no span, no metric, no line and no header."""
    clew = make(OTEL_PYTHON_EXCLUDED_URLS="^/health$,metrics")
    app = clew.wrap(_app(_START, _LAST))
    for path in ("/health", "/internal/metrics"):
        assert "x-correlation-id" not in get(app, path).headers
    assert clew.spans() == []
    assert clew.points(DURATION) == []
    assert clew.points(ACTIVE) == []
    assert clew.logs() == []
    get(app, "/healthy")
    assert len(clew.spans()) == 1


def test_active_requests(clew: Telemetry) -> None:
    """A request is active while it is served, and not after it, however it ended."""
    during: list[float] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        during.extend(point.number for point in clew.points(ACTIVE))
        raise ValueError

    get(clew.wrap(app))
    assert during == [1]
    (after,) = clew.points(ACTIVE)
    assert after.number == 0


def test_access_lines_can_be_switched_off(make: Callable[..., Telemetry]) -> None:
    """CLEW_ACCESS_LOG=false leaves spans and metrics as they are."""
    clew = make(CLEW_ACCESS_LOG="false")
    get(clew.wrap(_app(_START, _LAST)))
    assert clew.access() == []
    assert len(clew.spans()) == 1


def test_other_scopes_pass() -> None:
    """Lifespan and what is still to be invented go through untouched."""

    class Untouched(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            raise AssertionError("the scope was changed")

    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    from clew._config import Settings
    from clew._runtime import Runtime
    from clew.asgi import ClewMiddleware

    wrapped = ClewMiddleware(app, Runtime(Settings()))
    for kind in ("lifespan", "webtransport"):
        asyncio.run(wrapped(Untouched(type=kind), lambda: None, lambda m: None))  # type: ignore[arg-type]
    assert seen == ["lifespan", "webtransport"]


def test_websocket(clew: Telemetry) -> None:
    """A WebSocket is one span, named by its route, and no request duration."""
    app = FastAPI()

    @app.websocket("/live/{room}")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    with TestClient(clew.wrap(app)).websocket_connect("/live/7") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
    span = clew.span()
    assert span.data.name == "WS /live/{room}"
    assert span.attributes["http.response.status_code"] == 101
    assert span.attributes["network.protocol.name"] == "websocket"
    assert "error.type" not in span.attributes
    assert clew.points(DURATION) == []
    assert clew.points(ACTIVE) == []


def test_starlette_websocket_route(clew: Telemetry) -> None:
    """Starlette's own WebSocket routes give their template too."""

    async def live(socket: Any) -> None:
        await socket.accept()
        await socket.close()

    app = Starlette(routes=[WebSocketRoute("/live/{room}", live)])
    with TestClient(clew.wrap(app)).websocket_connect("/live/7"):
        pass
    assert clew.span().data.name == "WS /live/{room}"


def test_refused_websocket(clew: Telemetry) -> None:
    """A connection closed before it was accepted is a 403 (ASGI specification)."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close"})

    asyncio.run(exchange(clew.wrap(app), scope(type="websocket", scheme="ws"), []))
    assert clew.span().attributes["http.response.status_code"] == 403


def test_failing_websocket(clew: Telemetry) -> None:
    """An exception in a WebSocket handler is on its span, and leaves as itself."""
    response = asyncio.run(exchange(clew.wrap(_fails), scope(type="websocket", scheme="ws"), []))
    assert isinstance(response.raised, LookupError)
    assert response.messages == []
    assert clew.span().attributes["error.type"] == "LookupError"


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
