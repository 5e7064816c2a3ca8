"""`clew.instrument(app)`: telemetry for one application object."""

from __future__ import annotations

from typing import Any, TypeVar

from clew import _hooks, _routes, _start
from clew._runtime import Runtime

App = TypeVar("App")


def instrument(app: App) -> App:
    """Give `app` traces, RED metrics, JSON logs and a correlation id; return it.

    A Starlette or FastAPI application is instrumented in place, a Flask application too. Any other
    ASGI application is returned wrapped, so use what is returned. Doing it twice has no effect.

    Raises:
        ConfigurationError: naming every invalid setting.
        TypeError: `app` is no application that clew knows.
    """
    if not callable(app):
        raise TypeError(
            f"clew.instrument() takes an ASGI or Flask application, not {type(app).__name__}. "
            "Pass the application object itself, for example the result of FastAPI()."
        )
    runtime = _start.start()
    if runtime is None:
        return app
    instrumented: App = _in_place(app, runtime)
    return instrumented


def _in_place(app: Any, runtime: Runtime) -> Any:
    from clew.asgi import ClewMiddleware

    if hasattr(app, "build_middleware_stack"):
        import starlette.routing

        _routes.watch(starlette.routing)
        if app.middleware_stack is not None:  # it has served already
            app.middleware_stack = _hooks.wrap_stack(app, app.middleware_stack, runtime)
        return app
    if hasattr(app, "wsgi_app"):  # Flask, whose class is instrumented
        return app
    return app if isinstance(app, ClewMiddleware) else ClewMiddleware(app, runtime)


def flush(timeout: float = 5.0) -> bool:
    """Export all telemetry made so far; False if `timeout` seconds did not suffice.

    For short-lived work (a script, a job, a function that is frozen between calls). A service needs
    it not: what is left at its end is exported then.
    """
    runtime = _start.current()
    return runtime is None or runtime.flush(timeout)
