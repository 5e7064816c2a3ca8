"""OTLP over HTTP: POST /v1/traces, /v1/logs and /v1/metrics, in protobuf or JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from anyio import CapacityLimiter, to_thread
from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from .._errors import LensError, Unsupported
from . import body as bodies
from .intake import Intake
from .signals import SIGNALS, Signal

_log = logging.getLogger("clew_lens.otlp")
PROTOBUF, JSON = "application/x-protobuf", "application/json"
DECODERS = 2
"""Threads that decode at once; more would only fight over the interpreter."""


def app(intake: Intake) -> Starlette:
    """The receiver as an ASGI application."""
    limiter = CapacityLimiter(DECODERS)
    routes = [
        Route(signal.path, _endpoint(signal, intake, limiter), methods=["POST"])
        for signal in SIGNALS
    ]
    return Starlette(routes=routes)


def _endpoint(
    signal: Signal, intake: Intake, limiter: CapacityLimiter
) -> Callable[[Request], Awaitable[Response]]:
    async def export(request: Request) -> Response:
        as_json = False
        try:
            as_json = _is_json(request.headers.get("content-type", ""))
            raw = await bodies.read(request.stream(), intake.limits.body)
            encoding = request.headers.get("content-encoding", "")

            def take() -> Any:
                plain = bodies.decompress(raw, encoding, intake.limits.body)
                return intake.take(signal, plain, as_json=as_json)

            return _answer(await to_thread.run_sync(take, limiter=limiter), 200, as_json)
        except ClientDisconnect:
            return Response(status_code=400)
        except LensError as error:
            return _failure(error.http_status, str(error), as_json)
        except Exception as error:  # the sender must get an answer, and the receiver must go on
            _log.exception("%s failed", signal.path)
            return _failure(500, f"{type(error).__name__} in the lens, see its log", as_json)

    return export


def _is_json(content_type: str) -> bool:
    name = content_type.split(";")[0].strip().lower()
    if name == JSON:
        return True
    if name == PROTOBUF:
        return False
    raise Unsupported(f"content-type {content_type[:60]!r} isn't known: use {PROTOBUF} or {JSON}")


def _failure(status: int, message: str, as_json: bool) -> Response:
    # OTLP/HTTP, "Failures": the body is a google.rpc.Status in the request's own encoding.
    headers = {}
    if status == 503:
        headers["Retry-After"] = "1"
    if status == 413:
        headers["Connection"] = "close"
    if as_json:
        body, media_type = json.dumps({"message": message}).encode(), JSON
    else:
        body, media_type = _status(message), PROTOBUF
    return Response(body, status, media_type=media_type, headers=headers)


def _status(message: str) -> bytes:
    """A google.rpc.Status that has only a message: field 2, a string."""
    text = message.encode()
    length, size = bytearray(), len(text)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return b"\x12" + bytes(length) + bytes([size]) + text


def _answer(message: Any, status: int, as_json: bool) -> Response:
    if as_json:
        return Response(json_format.MessageToJson(message), status, media_type=JSON)
    return Response(message.SerializeToString(), status, media_type=PROTOBUF)
