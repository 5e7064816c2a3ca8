"""OTLP over gRPC: the Export method of the three collector services."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from .._errors import LensError
from .intake import Intake
from .signals import SIGNALS, Signal

_log = logging.getLogger("clew_lens.otlp")
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}
WORKERS = 2


def server(intake: Intake, token: str = "") -> grpc.Server:
    """A gRPC server without a port yet."""
    made = grpc.server(
        ThreadPoolExecutor(WORKERS, thread_name_prefix="lens-grpc"),
        options=[
            ("grpc.max_receive_message_length", intake.limits.body),
            ("grpc.so_reuseport", 0),  # a second lens must fail, not share the port
        ],
    )
    for signal in SIGNALS:
        method: Any = grpc.unary_unary_rpc_method_handler(
            _export(signal, intake, token),
            request_deserializer=None,  # bytes: the intake decodes, and says what was wrong
            response_serializer=lambda message: message.SerializeToString(),
        )
        handler = grpc.method_handlers_generic_handler(signal.service, {"Export": method})
        made.add_generic_rpc_handlers((handler,))
    return made


def _export(
    signal: Signal, intake: Intake, token: str
) -> Callable[[bytes, grpc.ServicerContext], Any]:
    def export(body: bytes, context: grpc.ServicerContext) -> Any:
        if token and not _allowed(context, token):
            context.abort(
                grpc.StatusCode.UNAUTHENTICATED,
                "send the metadata authorization: Bearer TOKEN",
            )
        try:
            return intake.take(signal, body)
        except LensError as error:
            code = _CODES.get(error.http_status, grpc.StatusCode.INVALID_ARGUMENT)
            context.abort(code, str(error))
        except Exception as error:  # the sender must get an answer, and the receiver must go on
            _log.exception("%s failed", signal.service)
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__} in the lens")

    return export


def _allowed(context: grpc.ServicerContext, token: str) -> bool:
    for name, value in context.invocation_metadata() or ():
        if name == "authorization":
            text = value if isinstance(value, str) else value.decode("latin-1")
            return hmac.compare_digest(text.encode(), f"Bearer {token}".encode())
    return False
