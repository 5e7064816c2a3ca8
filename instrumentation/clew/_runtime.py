"""One process's telemetry: made once, started, flushed, and begun anew in forked children."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import uuid
from collections.abc import Mapping
from time import time_ns
from typing import Any

from opentelemetry import metrics as metrics_api
from opentelemetry import propagate
from opentelemetry import trace as trace_api
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from clew import _names, _sdk_signals, _signals, metrics
from clew._config import Settings
from clew._exceptions import ConfigurationError
from clew._incoming import Carrier, Incoming
from clew._logging_setup import LoggingSetup
from clew._prometheus import RegistrySource, serve
from clew._version import __version__
from clew.correlation import CorrelationPropagator
from clew.export._pipeline import Pipeline
from clew.logs import ClewHandler, JsonFormatter
from clew.traces import ClewTracer, ClewTracerProvider

_lock = threading.Lock()
_running: Runtime | None = None


class Runtime:
    """The providers, the pipeline and the logging of this process, from one `Settings`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.resource = make_resource(settings.resource)
        self.pipeline = Pipeline(settings, self.resource, metrics.HttpMetrics(time_ns()))
        try:
            self.tracer_provider = ClewTracerProvider(self.resource, self.pipeline.spans)
        except ValueError as error:  # the SDK reads the OTEL_*_LIMIT variables itself
            raise ConfigurationError([str(error)]) from None
        tracer = self.tracer_provider.get_tracer("clew", __version__)
        assert isinstance(tracer, ClewTracer)
        self.tracer = tracer
        self.propagator = _propagator(settings)
        service = str(self.resource.attributes[_names.SERVICE_NAME])
        self.logging = LoggingSetup(
            ClewHandler(
                JsonFormatter(service),
                self.pipeline.logs if settings.logs else None,
                write=settings.log_format == "json",
            ),
            level=settings.log_level,
            json_lines=settings.log_format == "json",
            access_log=settings.access_log,
        )

    def incoming(self, carrier: Carrier) -> Incoming:
        """The reader of incoming headers, for servers that keep them as `carrier` says."""
        settings = self.settings
        return Incoming(
            carrier, self.propagator, settings.propagators, settings.correlation_headers
        )

    def start(self) -> None:
        """Become this process's telemetry: global providers, propagators, logging, threads."""
        from clew import _hooks

        if self.settings.engine == "sdk":
            from clew._reference import Reference

            self._reference: Reference | None = Reference(self)
            self._reference.install()
        else:
            self._reference = None
            trace_api.set_tracer_provider(self.tracer_provider)
            self._meter_provider = _sdk_signals.meter_provider(self)
            metrics_api.set_meter_provider(self._meter_provider)
            self.pipeline.collect.append(RegistrySource())
            _hooks.install(self)
        if self.settings.logs:
            _sdk_signals.set_logger_provider(self)
        if self.settings.prometheus:
            serve(self.pipeline, *self.settings.prometheus)
        _hooks.install_servers(self)
        propagate.set_global_textmap(self.propagator)
        self.logging.adopt()
        self.pipeline.start()
        atexit.register(self.stop)
        _signals.on_terminate(self.stop)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._in_child)

    def stop(self) -> None:
        """Hand over what is left, for at most `CLEW_SHUTDOWN_TIMEOUT` seconds."""
        atexit.unregister(self.stop)
        timeout = self.settings.shutdown_timeout
        if self._reference is not None:
            self._reference.stop(timeout)
        self.pipeline.stop(timeout)

    def flush(self, timeout: float) -> bool:
        """Export everything made so far; False if `timeout` seconds did not suffice."""
        return self.pipeline.flush(timeout)

    def _in_child(self) -> None:
        # A process has its own identity, or its sums would overwrite its sibling's.
        if self._reference is None:
            _sdk_signals.forget_parent(self._meter_provider)
        own = Resource({_names.SERVICE_INSTANCE_ID: str(uuid.uuid4())})
        self.tracer_provider._tracers_lock = threading.Lock()
        self.tracer_provider._update_resource(own)
        self.resource = self.tracer_provider.resource
        self.pipeline.restart_in_child(self.resource)

    def end_with_multiprocessing(self, util: Any) -> None:
        """Let the children that `multiprocessing` forks flush: they end without `atexit`.

        `util` is the module `multiprocessing.util`.
        """

        def in_child(runtime: Runtime) -> None:
            util.Finalize(None, runtime.stop, exitpriority=-100)  # after the application's own

        util.register_after_fork(self, in_child)


def make_resource(given: Mapping[str, str]) -> Resource:
    """Who this process is: what was configured, the SDK's detectors, and an id of its own."""
    attributes = dict(given)
    attributes.setdefault(_names.SERVICE_INSTANCE_ID, str(uuid.uuid4()))
    attributes[_names.DISTRO_NAME] = "clew"
    attributes[_names.DISTRO_VERSION] = __version__
    return Resource.create(attributes)


def _propagator(settings: Settings) -> TextMapPropagator:
    known: dict[str, TextMapPropagator] = {
        "tracecontext": TraceContextTextMapPropagator(),
        "baggage": W3CBaggagePropagator(),
    }
    if all(name in known for name in settings.propagators):
        chosen = [known[name] for name in settings.propagators]
    else:  # b3, jaeger, xray, …: the API finds them by their entry points
        chosen = [propagate.get_global_textmap()]
    return CompositePropagator([*chosen, CorrelationPropagator(settings.correlation_headers)])


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
            runtime.start()
            _running = runtime
        return _running


def current() -> Runtime | None:
    """The running telemetry of this process."""
    return _running


logging.getLogger("clew").addHandler(logging.NullHandler())
