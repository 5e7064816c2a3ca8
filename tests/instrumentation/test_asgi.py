"""ASGI requests: what all signals tell of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.instrumentation.asgi import LAST, START, get, sends
from tests.instrumentation.telemetry import Telemetry

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"


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
    get(clew.wrap(sends(START, LAST)), headers=headers)
    span = clew.span().data
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace_id, span_id)
    assert (span.trace_state, span.flags) == ("vendor=1", 0x300)


def test_unsampled_caller_is_counted_not_traced(clew: Telemetry) -> None:
    """Where the caller sampled no trace there is no span, but metric, log line and its ids."""
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"}
    get(clew.wrap(sends(START, LAST)), headers=headers)
    assert clew.spans() == []
    (point,) = clew.points(DURATION)
    assert (point.data.count, clew.sink.exemplars(DURATION)) == (1, [])
    assert clew.access()[0]["trace_id"] == "a" * 32


@pytest.mark.parametrize(
    "sampler", ["always_off", "parentbased_always_off", "traceidratio", "always_on"]
)
def test_samplers(sampler: str, make: Callable[..., Telemetry]) -> None:
    """OTEL_TRACES_SAMPLER decides about spans; every request is measured."""
    clew = make(OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG="0")
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"}
    app = clew.wrap(sends(START, LAST))
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


def test_head(clew: Telemetry) -> None:
    """A HEAD request is one of its own kind, and complete without a body."""
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("text"))])
    get(clew.wrap(app), method="HEAD")
    span = clew.span()
    assert (span.data.name, span.attributes["http.request.method"]) == ("HEAD /", "HEAD")


def test_unknown_method(clew: Telemetry) -> None:
    """A method that nobody knows is "_OTHER" in labels, and told on the span alone."""
    app = clew.wrap(sends(START, LAST))
    for method in ("BREW", "get", "G" * 1_000):
        get(app, method=method)
    names = [(s.data.name, s.attributes["http.request.method_original"]) for s in clew.spans()]
    assert [name for name, _ in names] == ["HTTP"] * 3
    assert [original for _, original in names] == ["BREW", "get", "G" * 1_000]
    (point,) = clew.points(DURATION)
    assert point.attributes["http.request.method"] == "_OTHER"


def test_query_secrets(clew: Telemetry) -> None:
    """Parameters that sign a request are redacted (semantic conventions, url.query)."""
    get(clew.wrap(sends(START, LAST)), "/?a=1&sig=s3cret&X-Amz-Signature=s3cret&b=%20")
    query = clew.span().attributes["url.query"]
    assert "s3cret" not in query
    assert query.startswith("a=1&sig=REDACTED&X-Amz-Signature=REDACTED")


def test_excluded_urls_give_nothing(make: Callable[..., Telemetry]) -> None:
    """An excluded path gives no span, no metric, no line and no header."""
    clew = make(OTEL_PYTHON_EXCLUDED_URLS="^/health$,metrics")
    app = clew.wrap(sends(START, LAST))
    for path in ("/health", "/internal/metrics"):
        assert "x-correlation-id" not in get(app, path).headers
    assert clew.spans() == []
    assert clew.points(DURATION) == []
    assert clew.points(ACTIVE) == []
    assert clew.logs() == []
    get(app, "/healthy")
    assert len(clew.spans()) == 1


def test_application_within_an_application(clew: Telemetry) -> None:
    """A mounted application that has the middleware too is measured with the outer one, once."""
    outer, inner = FastAPI(), FastAPI()

    @inner.get("/items/{item}")
    def read(item: int) -> int:
        return item

    outer.mount("/inner", clew.wrap(inner))
    response = get(clew.wrap(clew.wrap(outer)), "/inner/items/7")
    assert response.status == 200
    assert clew.span().data.name == "GET /inner/items/{item}"
    assert len(clew.access()) == 1


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
    get(clew.wrap(sends(START, LAST)))
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
