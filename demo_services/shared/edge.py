"""What every HTTP service does before its own work: refuse huge bodies, suffer faults."""

from __future__ import annotations

import json

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_services.shared.faults import FAULTS

MAX_BODY = 64 * 1024  # bytes


_REASON = f"the body is larger than {MAX_BODY} bytes"


class TooLarge(HTTPException):
    """More bytes came than are taken. An HTTPException, for FastAPI passes on no other."""

    def __init__(self) -> None:
        super().__init__(413, _REASON)


class Edge:
    """ASGI middleware: 413 for a body above MAX_BODY, whether or not its length was announced."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > MAX_BODY:
            return await _refuse(send)
        await FAULTS.strike_in_loop()
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY:
                raise TooLarge()
            return message

        try:
            await self._app(scope, counted, send)
        except TooLarge:
            await _refuse(send)


async def _refuse(send: Send) -> None:
    body = json.dumps({"detail": _REASON}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
