"""Instruments libraries when they are imported, or now where they were imported before.

Nothing is imported for the sake of instrumenting it.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import wrapt

from clew import _celery, _contrib, _requests, _routes, _signals

if TYPE_CHECKING:
    from clew._runtime import Runtime

_logger = logging.getLogger(__name__)


def when(module: str, hook: Callable[[Any], None]) -> None:
    """Call `hook` with `module` once it is imported. If the hook fails, the library stays plain."""

    def guarded(imported: Any) -> None:
        try:
            hook(imported)
        except Exception:
            _logger.exception("%s is not instrumented: its hook failed.", module)

    wrapt.register_post_import_hook(guarded, module)


def install(runtime: Runtime) -> None:
    """Hook into every framework and client that clew knows, and that is not disabled."""
    when("starlette.routing", _routes.watch)
    _unless_disabled(runtime, "starlette.applications", lambda m: _wrap_build(m.Starlette, runtime))
    _unless_disabled(runtime, "fastapi.applications", lambda m: _wrap_build(m.FastAPI, runtime))
    _unless_disabled(runtime, "flask.app", lambda module: _flask_watch(module, runtime))
    _unless_disabled(runtime, "requests.sessions", lambda m: _requests.watch(m, runtime))
    _contrib.install(when, runtime.settings.disabled_instrumentations)


def install_servers(runtime: Runtime) -> None:
    """Hook into the servers and libraries that have loggers of their own."""
    adopt = runtime.logging.adopt
    _around_basic_config(runtime)
    when("logging.config", lambda module: _after_configuration(module, adopt))
    when("uvicorn.config", lambda module: _after(module.Config, "configure_logging", adopt))
    when("gunicorn.glogging", lambda module: _after(module.Logger, "setup", adopt))
    when("celery.signals", lambda module: _celery.watch(module, runtime))
    _unless_disabled(runtime, "structlog._base", lambda module: _structlog_watch(module, runtime))
    _unless_disabled(runtime, "loguru", lambda module: _loguru_watch(module, runtime))

    def handle_sigterm() -> None:
        _signals.on_terminate(runtime.stop)

    # gunicorn's workers of uvicorn put back the default, which ends them without a flush.
    for package in ("uvicorn.workers", "uvicorn_worker"):
        when(package, lambda module: _after(module.UvicornWorker, "init_signals", handle_sigterm))


def _unless_disabled(runtime: Runtime, module: str, hook: Callable[[Any], None]) -> None:
    """`when`, unless the package of `module` is among the disabled instrumentations."""
    if module.partition(".")[0] not in runtime.settings.disabled_instrumentations:
        when(module, hook)


def _structlog_watch(module: Any, runtime: Runtime) -> None:
    from clew import _structlog

    _structlog.watch(module, runtime)


def _loguru_watch(module: Any, runtime: Runtime) -> None:
    from clew import _loguru

    _loguru.watch(module, runtime)


def _flask_watch(module: Any, runtime: Runtime) -> None:
    from clew import _flask

    _flask.watch(module, runtime)


def _wrap_build(application: Any, runtime: Runtime) -> None:
    """Make `application.build_middleware_stack` put clew's middleware outermost."""
    original = application.__dict__.get("build_middleware_stack")
    if original is None or hasattr(original, "__clew__"):
        return

    @functools.wraps(original)
    def build_middleware_stack(self: Any) -> Any:
        return wrap_stack(self, original(self), runtime)

    build_middleware_stack.__clew__ = original  # type: ignore[attr-defined]
    application.build_middleware_stack = build_middleware_stack


def wrap_stack(application: Any, stack: Any, runtime: Runtime) -> Any:
    """clew's middleware around `stack`, once, and FastAPI's own telemetry off in its favour."""
    from clew.asgi import ClewMiddleware

    if isinstance(stack, ClewMiddleware):
        return stack
    # FastAPI 0.142 and later make spans and metrics of their own as soon as a provider is set:
    # each request would be counted twice.
    native = getattr(application, "_telemetry", None)
    if isinstance(native, dict):
        native.update(tracing=False, metrics=False, logs=False)
    return ClewMiddleware(stack, runtime)


def _around_basic_config(runtime: Runtime) -> None:
    original = logging.basicConfig
    if hasattr(original, "__clew__"):
        return

    @functools.wraps(original)
    def basic_config(**options: Any) -> None:
        runtime.logging.stand_aside()
        try:
            original(**options)
        finally:
            runtime.logging.adopt()

    basic_config.__clew__ = original  # type: ignore[attr-defined]
    logging.basicConfig = basic_config


def _after_configuration(module: Any, adopt: Callable[[], None]) -> None:
    _after(module.DictConfigurator, "configure", adopt)
    _after(module, "fileConfig", adopt)


def _after(owner: Any, name: str, then: Callable[[], None]) -> None:
    """Have `then` called after each call of `owner.name`."""
    original = getattr(owner, name)
    if hasattr(original, "__clew__"):
        return

    @functools.wraps(original)
    def configure(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        then()
        return result

    configure.__clew__ = original  # type: ignore[attr-defined]
    setattr(owner, name, configure)
