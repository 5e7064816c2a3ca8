"""Requests to an ASGI application, without a server: as messages, and what came back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ASGIApp = Callable[..., Awaitable[None]]


@dataclass
class Response:
    """What the application sent. `raised` is the exception that left it."""

    messages: list[Mapping[str, Any]] = field(default_factory=list)
    raised: BaseException | None = None

    @property
    def status(self) -> int:
        found: int = next(m["status"] for m in self.messages if "status" in m)
        return found

    @property
    def headers(self) -> dict[str, str]:
        start = next(message for message in self.messages if "status" in message)
        return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in start["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def correlation_id(self) -> str:
        return self.headers["x-correlation-id"]


def scope(method: str = "GET", target: str = "/", **own: Any) -> dict[str, Any]:
    """The scope of a request as a server would make it. `own` goes over it."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"shop.example:8080")],
        "client": ("192.0.2.7", 50_000),
        "server": ("127.0.0.1", 8000),
        "state": {},
        **own,
    }


def with_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The scope's `headers`, with a Host first."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    own = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in pairs]
    return {"headers": [(b"host", b"shop.example:8080"), *own]}


async def exchange(
    app: ASGIApp, request: dict[str, Any], body: Iterable[Mapping[str, Any]] | None = None
) -> Response:
    """Send one request; `body` are the messages that the application receives."""
    waiting = list(body if body is not None else [{"type": "http.request", "body": b""}])
    response = Response()

    async def receive() -> Mapping[str, Any]:
        if waiting:
            return waiting.pop(0)
        return await asyncio.Future()  # no more will come

    async def send(message: Mapping[str, Any]) -> None:
        response.messages.append(message)

    try:
        await app(request, receive, send)
    except BaseException as error:
        response.raised = error
    return response


def get(app: ASGIApp, target: str = "/", headers: Any = None, **own: Any) -> Response:
    """A GET request to `app`, in an event loop of its own."""
    request = scope(own.pop("method", "GET"), target, **{**with_headers(headers or {}), **own})
    return asyncio.run(exchange(app, request))


START = {"type": "http.response.start", "status": 200, "headers": []}
LAST = {"type": "http.response.body", "body": b""}


def sends(*messages: dict[str, Any]) -> Any:
    """An application that sends these messages."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


async def fails(scope: Any, receive: Any, send: Any) -> None:
    """An application that raises."""
    raise LookupError("gone")
