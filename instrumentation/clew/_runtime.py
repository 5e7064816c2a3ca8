"""What one process's telemetry is made of, and what becomes of it at a fork and at the end."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from time import time_ns

from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from clew import _faults, _names, correlation, metrics
from clew._config import Settings
from clew._exceptions import ConfigurationError
from clew._incoming import Carrier, Incoming
from clew._logging_setup import LoggingSetup
from clew._tracing_options import provider_options
from clew._version import __version__
from clew.correlation import CorrelationPropagator
from clew.export._pipeline import Pipeline
from clew.logs import ClewHandler, JsonFormatter
from clew.traces import ClewTracer, ClewTracerProvider


class Runtime:
    """The providers, the pipeline and the logging of this process, from one `Settings`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # What an engine adds: to be done before the end, and in a forked child.
        self.stopping: list[Callable[[float], None]] = []
        self.forgetting: list[Callable[[], None]] = []
        self.resource = make_resource(settings.resource)
        self.pipeline = Pipeline(settings, self.resource, metrics.HttpMetrics(time_ns()))
        try:
            self.tracer_provider = ClewTracerProvider(
                self.resource, self.pipeline.spans, **provider_options(settings)
            )
        except ValueError as error:  # the SDK reads the OTEL_*_LIMIT variables itself
            raise ConfigurationError([str(error)]) from None
        self.tracer_provider.flush = self.pipeline.flush
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

    def stop(self) -> None:
        """Hand over what is left, for at most `CLEW_SHUTDOWN_TIMEOUT` seconds."""
        timeout = self.settings.shutdown_timeout
        for engine_stop in self.stopping:
            engine_stop(timeout)
        self.pipeline.stop(timeout)

    def flush(self, timeout: float) -> bool:
        """Export everything made so far; False if `timeout` seconds did not suffice."""
        return self.pipeline.flush(timeout)

    def begin_in_child(self) -> None:
        """After a fork: an identity, buffers, sums and threads of its own."""
        for forget in (correlation.forget_parent, _faults.forget_parent, *self.forgetting):
            forget()
        # With its parent's identity its sums would overwrite its sibling's.
        own = Resource({_names.SERVICE_INSTANCE_ID: str(uuid.uuid4())})
        self.tracer_provider._tracers_lock = threading.Lock()
        self.tracer_provider._update_resource(own)
        self.resource = self.tracer_provider.resource
        self.pipeline.restart_in_child(self.resource)


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
