"""WebSocket connections: a span as long as they last, and no request duration."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from tests.instrumentation.asgi import exchange, fails, scope
from tests.instrumentation.telemetry import Telemetry

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"


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
    response = asyncio.run(exchange(clew.wrap(fails), scope(type="websocket", scheme="ws"), []))
    assert isinstance(response.raised, LookupError)
    assert response.messages == []
    assert clew.span().attributes["error.type"] == "LookupError"
