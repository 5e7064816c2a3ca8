"""Makes a runtime this process's telemetry: providers, propagators, hooks, logging, threads."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry import metrics as metrics_api
from opentelemetry import propagate
from opentelemetry import trace as trace_api

from clew import _hooks, _sdk_signals, _signals, vitals
from clew._config import Settings
from clew._prometheus import RegistrySource, serve
from clew._runtime import Runtime

_lock = threading.Lock()
_running: Runtime | None = None
logging.getLogger("clew").addHandler(logging.NullHandler())


def start(environ: Mapping[str, str] | None = None) -> Runtime | None:
    """Start telemetry, once a process; None if `OTEL_SDK_DISABLED` is true.

    Raises:
        ConfigurationError: naming every invalid setting.
    """
    global _running
    with _lock:
        if _running is None:
            settings = Settings.from_environ(os.environ if environ is None else environ)
            if settings.disabled:
                return None
            runtime = Runtime(settings)
            _install(runtime)
            _running = runtime
        return _running


def current() -> Runtime | None:
    """The running telemetry of this process."""
    return _running


def _install(runtime: Runtime) -> None:
    if runtime.settings.engine == "sdk":
        from clew._reference import install

        install(runtime)
    else:
        _install_clew(runtime)
    if runtime.settings.logs:
        _sdk_signals.set_logger_provider(runtime)
    if runtime.settings.prometheus:
        serve(runtime.pipeline, *runtime.settings.prometheus)
    if runtime.settings.metrics and runtime.settings.vitals:
        vitals.install(runtime)
    propagate.set_global_textmap(runtime.propagator)
    runtime.logging.adopt()
    _hooks.install_servers(runtime)
    runtime.pipeline.start()
    atexit.register(runtime.stop)
    _signals.on_terminate(runtime.stop)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=runtime.pipeline.gate.before,
            after_in_parent=runtime.pipeline.gate.after_in_parent,
            after_in_child=runtime.pipeline.gate.after_in_child,
        )
        os.register_at_fork(after_in_child=runtime.begin_in_child)
    _hooks.when("multiprocessing.util", lambda util: _end_with_multiprocessing(util, runtime))


def _install_clew(runtime: Runtime) -> None:
    meters = _sdk_signals.meter_provider(runtime)
    trace_api.set_tracer_provider(runtime.tracer_provider)
    metrics_api.set_meter_provider(meters)
    runtime.forgetting.append(lambda: _sdk_signals.forget_parent(meters))
    runtime.pipeline.collect.append(RegistrySource())
    _hooks.install(runtime)


def _end_with_multiprocessing(util: Any, runtime: Runtime) -> None:
    """Let the children that `multiprocessing` forks flush: they end without `atexit`."""

    def in_child(forked: Runtime) -> None:
        util.Finalize(None, forked.stop, exitpriority=-100)  # after the application's own

    util.register_after_fork(runtime, in_child)
