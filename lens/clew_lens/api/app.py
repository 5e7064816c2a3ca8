"""The ASGI application of the page and the query API."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from .._errors import LensError
from ..store.database import Database
from .endpoints import ENDPOINTS, Endpoint
from .headers import SecurityHeaders
from .openapi import document

_log = logging.getLogger("clew_lens.api")
PAGE = Path(__file__).parent.parent / "page"
VIEWS = ("", "follow", "traces", "trace", "compare", "logs", "metrics", "map")
READERS = 3
"""Queries at once: each may use every thread of DuckDB."""

Extra = Callable[[], dict[str, Any]]


def app(database: Database, live: Extra = dict) -> Starlette:
    """The application. `live` gives what /status tells beside what is stored."""
    limiter = CapacityLimiter(READERS)
    routes: list[Any] = [
        Route(f"/api/v1{endpoint.path}", _route(endpoint, database, limiter, live))
        for endpoint in ENDPOINTS
    ]
    routes.append(Route("/api/v1/openapi.json", _openapi))
    routes += [Route(f"/{view}", _page) for view in VIEWS]
    routes.append(Route("/follow/{rest:path}", _page))
    routes.append(Route("/trace/{rest:path}", _page))
    routes.append(Mount("/static", StaticFiles(directory=PAGE)))
    application = Starlette(routes=routes)
    application.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=3)
    application.add_middleware(SecurityHeaders)
    return application


def _route(
    endpoint: Endpoint, database: Database, limiter: CapacityLimiter, live: Extra
) -> Callable[[Request], Awaitable[Response]]:
    def answer(values: dict[str, str]) -> tuple[int, bytes]:
        try:
            with database.reader() as read:
                found = endpoint.answer(read, values)
        except LensError as error:
            return error.http_status, _json({"error": str(error)})
        except Exception as error:  # the page must hear of it rather than hang
            _log.exception("%s failed", endpoint.path)
            return 500, _json({"error": f"{type(error).__name__} in the lens, see its log"})
        if endpoint.path == "/status":
            found.update(live())
        return 200, _json(found)

    async def serve(request: Request) -> Response:
        values = dict(request.query_params)
        status, body = await to_thread.run_sync(answer, values, limiter=limiter)
        return Response(body, status, media_type="application/json")

    return serve


def _json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


async def _openapi(request: Request) -> Response:
    return Response(_json(document()), media_type="application/json")


async def _page(request: Request) -> Response:
    return Response((PAGE / "index.html").read_bytes(), media_type="text/html")
