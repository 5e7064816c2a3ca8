"""Flask: the WSGI middleware around every application, and what only Flask knows."""

from __future__ import annotations

import functools
from typing import Any

from clew._runtime import Runtime
from clew.wsgi import EXCHANGE, ClewWsgiMiddleware, WsgiExchange


def watch(flask_app: Any, runtime: Runtime) -> None:
    """Instrument the class `Flask` of the module `flask.app`. Doing it again has no effect."""
    application = flask_app.Flask
    if hasattr(application.__call__, "__clew__"):
        return
    call, handle = application.__call__, application.handle_exception

    @functools.wraps(call)
    def __call__(self: Any, environ: Any, start_response: Any) -> Any:
        middleware = self.__dict__.get("_clew")
        if middleware is None:
            middleware = ClewWsgiMiddleware(functools.partial(call, self), runtime)
            self.__dict__["_clew"] = middleware
        return middleware(environ, start_response)

    @functools.wraps(handle)
    def handle_exception(self: Any, *args: Any, **kwargs: Any) -> Any:
        # Flask answers 500 here; the exception does not come as far as the middleware.
        exchange = _current()
        error = next((a for a in (*args, *kwargs.values()) if isinstance(a, BaseException)), None)
        if exchange is not None and error is not None:
            exchange.fail(error)
        return handle(self, *args, **kwargs)

    __call__.__clew__ = call  # type: ignore[attr-defined]
    application.__call__ = __call__
    application.handle_exception = handle_exception


def _current() -> WsgiExchange | None:
    from flask import request

    found: WsgiExchange | None = request.environ.get(EXCHANGE)
    return found
