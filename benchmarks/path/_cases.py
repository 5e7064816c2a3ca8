"""The measured requests. Each case is built after telemetry was started, if it was.

A case is a function that does one request and returns nothing. Nothing in it waits: applications
are driven by hand, so that no event loop's work is counted.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable
from typing import Any

Case = Callable[[], None]

_HEADERS = [
    (b"host", b"127.0.0.1:8001"),
    (b"user-agent", b"bench"),
    (b"accept", b"*/*"),
    (b"connection", b"keep-alive"),
]
_PARENT = (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
_THREAD = (b"x-correlation-id", b"req-1")


def _drive(app: Any, headers: list[tuple[bytes, bytes]]) -> None:
    """One ASGI request, to its end.

    Raises:
        RuntimeError: the application awaited something, or did not answer 200.
    """
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8001),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": "/users/1",
        "raw_path": b"/users/1",
        "query_string": b"",
        "headers": headers,
        "state": {},
    }
    try:
        app(scope, receive, send).send(None)
    except StopIteration:
        if statuses == [200]:
            return
        raise RuntimeError(f"answered {statuses}, not 200") from None
    raise RuntimeError("the application awaited something that only an event loop can do")


def _users(write: Callable[[int], None] | None) -> Any:
    from fastapi import FastAPI
    from pydantic import BaseModel

    class User(BaseModel):
        id: int
        name: str
        email: str

    alice = User(id=1, name="Alice", email="alice@example.com")
    app = FastAPI()

    async def get_user(user_id: int) -> User:
        if write is not None:
            write(user_id)
        return alice

    # Not `from __future__` strings: the class is local, and FastAPI resolves names globally.
    get_user.__annotations__ = {"user_id": int, "return": User}
    app.get("/users/{user_id}")(get_user)
    return app


def asgi() -> Case:
    """FastAPI, a request without telemetry headers."""
    app = _users(None)
    return lambda: _drive(app, _HEADERS)


def asgi_continued() -> Case:
    """FastAPI, a request that brings a traceparent and a correlation id, as between services."""
    app = _users(None)
    headers = [*_HEADERS, _PARENT, _THREAD]
    return lambda: _drive(app, headers)


def asgi_line() -> Case:
    """FastAPI, and the handler logs one line."""
    logger = logging.getLogger("bench.users")
    if not logging.getLogger().handlers:  # without telemetry: plain text, nowhere
        handler = logging.StreamHandler(_Nowhere())
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.INFO)
    app = _users(lambda user_id: logger.info("found user %d", user_id))
    return lambda: _drive(app, _HEADERS)


def client() -> Case:
    """A call of `requests` within a request, answered by an adapter instead of a network."""
    import requests
    from requests.adapters import BaseAdapter

    class Adapter(BaseAdapter):
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            response = requests.Response()
            response.status_code = 200
            response._content = b"Alice"
            response.request = request
            response.url = request.url
            return response

        def close(self) -> None:
            pass

    session = requests.Session()
    session.trust_env = False
    session.mount("http://", Adapter())

    def ask() -> None:
        session.get("http://users:8001/users/1", timeout=1)

    within: list[contextvars.Context] = []
    _drive(_users(lambda user_id: within.append(contextvars.copy_context())), _HEADERS)
    return lambda: within[0].run(ask)


def wsgi() -> Case:
    """Flask, called as a WSGI server calls it."""
    from flask import Flask

    app = Flask("bench")
    users = {1: {"id": 1, "name": "Alice", "email": "alice@example.com"}}
    app.get("/users/<int:user_id>")(lambda user_id: users[user_id])

    def one() -> None:
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/users/1",
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8001",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:8001",
            "HTTP_USER_AGENT": "bench",
            "HTTP_ACCEPT": "*/*",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": _Nowhere(),
            "wsgi.errors": _Nowhere(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        body = app(environ, lambda status, headers, error=None: lambda data: None)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()

    return one


class _Nowhere:
    """A text stream that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass

    def read(self, size: int = -1) -> bytes:
        return b""


CASES: dict[str, Callable[[], Case]] = {
    "asgi": asgi,
    "asgi_continued": asgi_continued,
    "asgi_line": asgi_line,
    "client": client,
    "wsgi": wsgi,
}
