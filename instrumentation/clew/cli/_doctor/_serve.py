"""`python -m clew.cli._doctor._serve module:app PATH`: one GET to an application, in process."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import io
import sys
from typing import Any

import clew

_LIFESPAN_S = 30.0


def main(target: str, path: str) -> int:
    """Import the application and ask it once; the exit code."""
    module, _, name = target.partition(":")
    try:
        app: Any = importlib.import_module(module)
        for part in (name or "app").split("."):
            app = getattr(app, part)
    except (ImportError, AttributeError) as error:
        print(f"clew doctor: {target} can't be imported: {error}", file=sys.stderr)
        return 2
    app = clew.instrument(app)
    if hasattr(app, "wsgi_app"):
        _wsgi(app, path)
    else:
        asyncio.run(_asgi(app, path))
    return 0


def _wsgi(app: Any, path: str) -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": True,
    }
    answer = app(environ, lambda *_args: None)
    try:
        for _part in answer:
            pass
    finally:
        if hasattr(answer, "close"):
            answer.close()


async def _asgi(app: Any, path: str) -> None:
    if not inspect.isawaitable(app) and not callable(app):
        raise TypeError(f"{app!r} is no application")
    stopping = asyncio.Event()
    started = asyncio.Event()
    lifespan = asyncio.create_task(_lifespan(app, started, stopping))
    # An application without a lifespan ends that call by an error, which is its right.
    await asyncio.wait({lifespan, asyncio.create_task(started.wait())}, timeout=_LIFESPAN_S,
                       return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
    try:
        await _get(app, path)
    except Exception as error:  # the application's own, which is told as its log tells it
        print(f"clew doctor: GET {path} ended with {type(error).__name__}: {error}",
              file=sys.stderr)  # fmt: skip
    finally:
        stopping.set()
        await asyncio.wait({lifespan}, timeout=_LIFESPAN_S)


async def _lifespan(app: Any, started: asyncio.Event, stopping: asyncio.Event) -> None:
    messages = [{"type": "lifespan.startup"}]

    async def receive() -> dict[str, str]:
        if messages:
            return messages.pop()
        await stopping.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: dict[str, Any]) -> None:
        started.set()

    try:
        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    except Exception:
        started.set()


async def _get(app: Any, path: str) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        return None

    await app(scope, receive, send)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
