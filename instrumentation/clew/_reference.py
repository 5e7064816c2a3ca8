"""`CLEW_ENGINE=sdk`: OpenTelemetry's own SDK, exporters and instrumentations do the work.

The reference that clew's own engine is held against, and a way out should it ever be at fault.
Correlation id and JSON log lines are clew's in both. Needs the extra `clew[sdk]`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import metrics as metrics_api
from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from clew import _hooks, _names, correlation
from clew._exceptions import ConfigurationError
from clew._incoming import ASGI
from clew._tracing_options import exporter_options, provider_options

if TYPE_CHECKING:
    from clew._runtime import Runtime

_logger = logging.getLogger(__name__)


class CorrelationProcessor(SpanProcessor):
    """Puts the correlation id on every span."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        thread = correlation.get(parent_context)
        if thread is not None:
            span.set_attribute(_names.CORRELATION_ID, thread)


class CorrelationMiddleware:
    """Settles the id before the upstream instrumentation starts its span, and answers with it."""

    def __init__(self, app: Any, runtime: Runtime) -> None:
        self.app = app
        self._incoming = runtime.incoming(ASGI)
        self._header = runtime.settings.correlation_headers[0].lower().encode()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        _, thread, _ = self._incoming.read(dict(scope["headers"]), context_api.get_current())
        header = (self._header, thread.encode("latin-1"))

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        token = context_api.attach(correlation.with_id(thread))
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            context_api.detach(token)


class Reference:
    """The SDK's providers, exporting as the environment says."""

    def __init__(self, runtime: Runtime) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError as error:
            message = f"CLEW_ENGINE='sdk' needs a package: {error}. Install clew[sdk]."
            raise ConfigurationError([message]) from None
        # Read by the upstream instrumentations: the stable names only.
        os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
        settings = runtime.settings
        self._runtime = runtime
        self.tracer_provider = TracerProvider(
            resource=runtime.resource, shutdown_on_exit=False, **provider_options(settings)
        )
        self.tracer_provider.add_span_processor(CorrelationProcessor())
        if settings.traces:
            self.tracer_provider.add_span_processor(
                BatchSpanProcessor(
                    OTLPSpanExporter(**exporter_options(settings, settings.traces)),
                    schedule_delay_millis=settings.schedule_delay * 1000,
                    max_queue_size=settings.max_queue_size,
                    max_export_batch_size=min(
                        settings.max_export_batch_size, settings.max_queue_size
                    ),
                )
            )
        readers = []
        if settings.metrics:
            interval = settings.metric_interval * 1000
            exporter = OTLPMetricExporter(**exporter_options(settings, settings.metrics))
            readers.append(PeriodicExportingMetricReader(exporter, interval))
        self.meter_provider = MeterProvider(
            readers, resource=runtime.resource, shutdown_on_exit=False
        )

    def install(self) -> None:
        """Become the global providers, and instrument what is imported from now on."""
        trace_api.set_tracer_provider(self.tracer_provider)
        metrics_api.set_meter_provider(self.meter_provider)
        _hooks.when("fastapi.applications", self._fastapi)
        _hooks.when("requests.sessions", self._requests)

    def _fastapi(self, module: Any) -> None:
        runtime, made = self._runtime, module.FastAPI.__init__

        def __init__(app: Any, *args: Any, **kwargs: Any) -> None:
            # Not above: it imports fastapi, which is only half imported by then.
            from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

            made(app, *args, **kwargs)
            FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])
            build = app.build_middleware_stack
            # FastAPI finds the upstream middleware inside and keeps its own telemetry off.
            app.build_middleware_stack = lambda: CorrelationMiddleware(build(), runtime)

        module.FastAPI.__init__ = __init__

    def _requests(self, _module: Any) -> None:
        from opentelemetry.instrumentation.requests import RequestsInstrumentor

        RequestsInstrumentor().instrument()

    def stop(self, timeout: float) -> None:
        """Export what is left, for about `timeout` seconds."""
        milliseconds = int(timeout * 1000)
        self.tracer_provider.force_flush(milliseconds)
        try:
            self.meter_provider.force_flush(milliseconds)
        except Exception:  # the SDK raises where an export failed, and has logged why
            _logger.debug("The last metrics were not exported.", exc_info=True)


def install(runtime: Runtime) -> None:
    """Let the SDK do the work of `runtime`.

    Raises:
        ConfigurationError: the packages of the extra `clew[sdk]` are not installed.
    """
    reference = Reference(runtime)
    reference.install()
    runtime.stopping.append(reference.stop)
