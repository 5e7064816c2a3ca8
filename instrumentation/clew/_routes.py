"""The route template of a request: `/users/{user_id}`, not `/users/7`.

Starlette and FastAPI leave the matched route in the scope, but not the prefixes of mounts on the
way to it, and not every route. `watch` makes them leave both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

EXCHANGE = "clew"  # the middleware's record of the request, whose `routed` is the scope to look in
_MOUNTED = "clew.mounted"  # the templates of the mounts passed so far, joined

Scope = MutableMapping[str, Any]
Handle = Callable[[Any, Scope, Any, Any], Awaitable[None]]


def watch(routing: Any) -> None:
    """Instrument the module `starlette.routing`. Doing it again has no effect."""
    if getattr(routing.Route.handle, "__clew__", None):
        return
    routing.Route.handle = _remembering(routing.Route.handle)
    routing.Mount.handle = _mounting(_remembering(routing.Mount.handle))


# Plain functions that return the coroutine: no further frame in the request's way.
def _remembering(original: Handle) -> Handle:
    def handle(self: Any, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        scope["route"] = self
        exchange = scope.get(EXCHANGE)
        if exchange is not None:
            exchange.routed = scope
        return original(self, scope, receive, send)

    handle.__clew__ = original  # type: ignore[attr-defined]
    return handle


def _mounting(original: Handle) -> Handle:
    def handle(self: Any, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        scope[_MOUNTED] = scope.get(_MOUNTED, "") + getattr(self, "path", "")
        return original(self, scope, receive, send)

    handle.__clew__ = original  # type: ignore[attr-defined]
    return handle


def template(scope: Scope) -> str | None:
    """The template of the route that handled `scope`; None where no route matched."""
    route = scope.get("route")
    if route is None:
        return None
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    if not isinstance(path, str):
        return None
    mounted: str | None = scope.get(_MOUNTED)
    if mounted is None:
        mounted = ""
    elif hasattr(route, "routes"):  # ended in the mount itself: static files, or no route inside
        return mounted + "/{path}"
    # FastAPI 0.137 and later keep the routes of an included router as they were written; the
    # prefix stands in the context of this inclusion.
    kept = scope.get("fastapi")
    if kept:
        included = kept.get("effective_route_context")
        if included is not None and included.original_route is route:
            path = included.path_format
    return mounted + path
