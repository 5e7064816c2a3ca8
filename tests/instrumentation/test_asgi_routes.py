"""The route: a template that does not grow with the traffic, on span, metric and access line."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router

from tests.instrumentation.asgi import exchange, get, scope
from tests.instrumentation.telemetry import Telemetry

DURATION = "http.server.request.duration"


def _ok(request: Any) -> PlainTextResponse:
    return PlainTextResponse("ok")


def _fastapi() -> FastAPI:
    app = FastAPI()
    users, posts, sub = APIRouter(), APIRouter(prefix="/posts"), FastAPI()

    @app.get("/plain")
    @users.get("/{user_id}")
    @posts.get("/{post_id:path}")
    @sub.get("/items/{item_id}")
    async def handler() -> str:
        return "ok"

    @users.post("/", status_code=201)
    def create() -> None: ...

    users.include_router(posts, prefix="/{user_id}")
    app.include_router(users, prefix="/users")
    app.include_router(users, prefix="/v2/{tenant}/users")
    app.mount("/sub/{name}", sub)
    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("GET", "/plain", 200, "/plain"),
        ("GET", "/users/7", 200, "/users/{user_id}"),
        ("GET", "/v2/acme/users/7", 200, "/v2/{tenant}/users/{user_id}"),
        ("POST", "/users/", 201, "/users/"),
        ("GET", "/users/7/posts/a/b", 200, "/users/{user_id}/posts/{post_id}"),
        ("GET", "/v2/a/users/7/posts/x", 200, "/v2/{tenant}/users/{user_id}/posts/{post_id}"),
        ("GET", "/sub/one/items/3", 200, "/sub/{name}/items/{item_id}"),
        ("DELETE", "/users/7", 405, "/users/{user_id}"),
        ("GET", "/users", 307, None),
        ("GET", "/nowhere/7", 404, None),
        ("GET", "/docs", 200, "/docs"),
    ],
)
def test_fastapi_templates(
    method: str, path: str, status: int, route: str | None, clew: Telemetry
) -> None:
    """Routers in routers, mounts with parameters, 405, redirects and 404."""
    response = get(clew.wrap(_fastapi()), path, method=method)
    assert response.status == status
    _has_route(clew, method, route)


def _starlette(folder: Path) -> Starlette:
    (folder / "site.css").write_text("body {}")
    return Starlette(
        routes=[
            Route("/plain/{id:int}", _ok),
            Mount(
                "/a/{b}",
                routes=[Mount("/c", app=Router([Route("/{d}", _ok)])), Route("/e", _ok)],
            ),
            Mount("/static", StaticFiles(directory=folder)),
            Mount("/empty", routes=[]),
            Host("api.example", Router([Route("/by-host/{x}", _ok)])),
            Host("{tenant}.example", Router([Route("/by-tenant/{x}", _ok)])),
            Mount("/app", Starlette(routes=[Route("/own/{id}", _ok)])),
            Mount("", Router([Route("/rootless/{x}", _ok)])),
        ]
    )


@pytest.mark.parametrize(
    ("host", "path", "status", "route"),
    [
        ("h", "/plain/7", 200, "/plain/{id}"),
        ("h", "/a/1/c/2", 200, "/a/{b}/c/{d}"),
        ("h", "/a/1/e", 200, "/a/{b}/e"),
        ("h", "/static/site.css", 200, "/static/{path}"),
        ("h", "/static/none.css", 404, "/static/{path}"),
        ("h", "/empty/x", 404, "/empty/{path}"),
        ("api.example", "/by-host/7", 200, "/by-host/{x}"),
        ("acme.example", "/by-tenant/7", 200, "/by-tenant/{x}"),
        ("h", "/app/own/7", 200, "/app/own/{id}"),
        ("h", "/rootless/7", 200, "/rootless/{x}"),
    ],
)
def test_starlette_templates(
    host: str, path: str, status: int, route: str | None, clew: Telemetry, tmp_path: Path
) -> None:
    """Mounts in mounts, static files, host routes and sub-applications."""
    request = scope(target=path, headers=[(b"host", host.encode())])
    response = asyncio.run(exchange(clew.wrap(_starlette(tmp_path)), request))
    assert response.status == status
    _has_route(clew, "GET", route)


def _has_route(clew: Telemetry, method: str, route: str | None) -> None:
    span = clew.span()
    assert span.attributes.get("http.route") == route
    assert span.data.name == (method if route is None else f"{method} {route}")
    (point,) = clew.points(DURATION)
    assert point.attributes.get("http.route") == route
    (line,) = clew.access()
    assert line.get("http.route") == route


class CopyingMiddleware:
    """Hands a copy of the scope on, as middleware may (ASGI specification, "Middleware")."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(dict(scope), receive, send)


def test_middleware_that_copies_the_scope(clew: Telemetry) -> None:
    """The route arrives also where a middleware hands on a scope of its own."""
    app = Starlette(routes=[Route("/copied/{x}", _ok)])
    app.add_middleware(CopyingMiddleware)
    get(clew.wrap(app), "/copied/7")
    _has_route(clew, "GET", "/copied/{x}")


def test_base_http_middleware(clew: Telemetry) -> None:
    """The route arrives through middleware that runs the application in a task of its own."""
    app = FastAPI()

    @app.middleware("http")
    async def around(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    @app.get("/inside/{x}")
    def inside(x: str) -> str:
        return x

    get(clew.wrap(app), "/inside/7")
    _has_route(clew, "GET", "/inside/{x}")


def test_name_that_the_application_chose(clew: Telemetry) -> None:
    """A span that the application renames keeps its name; the route stays an attribute."""
    from opentelemetry import trace

    app = FastAPI()

    @app.get("/named/{x}")
    async def named(x: str) -> str:
        trace.get_current_span().update_name("checkout")
        return x

    get(clew.wrap(app), "/named/7")
    span = clew.span()
    assert (span.data.name, span.attributes["http.route"]) == ("checkout", "/named/{x}")


def test_paths_do_not_multiply_series(clew: Telemetry) -> None:
    """A thousand paths that match no route are one series."""
    app = clew.wrap(FastAPI())
    for number in range(200):
        get(app, f"/wp-admin/{number}")
    (point,) = clew.points(DURATION)
    assert point.data.count == 200
