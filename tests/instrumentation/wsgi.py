"""Requests to a WSGI application, without a server, and what came back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults


class Response:
    """What came back: status, headers, body, and the exception that left the application."""

    status = ""
    raised: BaseException | None = None

    def __init__(self) -> None:
        self.headers: list[tuple[str, str]] = []
        self.parts: list[bytes] = []

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @property
    def correlation_id(self) -> str:
        return dict(self.headers)["X-Correlation-ID"]


def call(app: Any, **environ: Any) -> Response:
    """One request as a server makes it: call, iterate, close."""
    setup_testing_defaults(environ)
    response = Response()

    def start_response(status: str, headers: list[Any], exc_info: Any = None) -> Any:
        response.status, response.headers = status, headers
        return response.parts.append

    body: Iterable[bytes] = ()
    try:
        body = app(environ, start_response)
        response.parts.extend(body)
    except BaseException as error:
        response.raised = error
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return response


def ok(environ: Any, start_response: Any) -> list[bytes]:
    """An application that answers "ok"."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
