"""The real backends as one reader: traces of Jaeger, logs of Loki, metrics of Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clew.readers import _settings, prometheus_routes
from clew.readers._http import JsonClient, Opener, open_url
from clew.readers._ids import CorrelationId, TraceId
from clew.readers._links import Links
from clew.readers._model import Exemplar, Link, LogLine, RouteStats, Sample, Span, Window
from clew.readers._protocol import DEFAULT_LINES
from clew.readers._settings import ReaderSettings
from clew.readers.jaeger import JaegerReader
from clew.readers.loki import LokiReader
from clew.readers.prometheus import PrometheusReader


@dataclass(frozen=True)
class NativeReader:
    """Implements `Reader` over three backends, each of which may be down on its own."""

    traces: JaegerReader
    logs: LokiReader
    metrics: PrometheusReader
    pages: Links

    @classmethod
    def from_settings(cls, settings: ReaderSettings, opener: Opener = open_url) -> NativeReader:
        """A reader of the backends at those addresses. Asks nothing yet."""

        def client(backend: str, address: str, variable: str) -> JsonClient:
            return JsonClient(backend, address, variable, settings.timeout_s, opener)

        return cls(
            JaegerReader(client("Jaeger", settings.jaeger_url, _settings.JAEGER_URL)),
            LokiReader(client("Loki", settings.loki_url, _settings.LOKI_URL)),
            PrometheusReader(
                client("Prometheus", settings.prometheus_url, _settings.PROMETHEUS_URL)
            ),
            Links(settings, opener),
        )

    @property
    def places(self) -> tuple[str, ...]:
        """Name and address of each backend."""
        clients = (self.traces.client, self.logs.client, self.metrics.client)
        return tuple(f"{client.backend} at {client.address}" for client in clients)

    def trace_ids(self, correlation_id: CorrelationId, window: Window) -> tuple[str, ...]:
        """See `Reader.trace_ids`; asks Jaeger."""
        return self.traces.trace_ids(correlation_id, window)

    def trace(self, trace_id: TraceId) -> tuple[Span, ...]:
        """See `Reader.trace`; asks Jaeger."""
        return self.traces.trace(trace_id)

    def log_lines(
        self, of: CorrelationId | TraceId, window: Window, limit: int = DEFAULT_LINES
    ) -> tuple[LogLine, ...]:
        """See `Reader.log_lines`; asks Loki."""
        return self.logs.log_lines(of, window, limit)

    def samples(self, name: str, labels: Mapping[str, str]) -> tuple[Sample, ...]:
        """See `Reader.samples`; asks Prometheus."""
        return self.metrics.samples(name, labels)

    def exemplars(
        self, name: str, labels: Mapping[str, str], window: Window
    ) -> tuple[Exemplar, ...]:
        """See `Reader.exemplars`; asks Prometheus."""
        return self.metrics.exemplars(name, labels, window)

    def routes(self, window: Window, service: str = "") -> tuple[RouteStats, ...]:
        """See `Reader.routes`; asks Prometheus."""
        return prometheus_routes.routes(self.metrics.client, window, service)

    def links(self, trace_id: TraceId) -> tuple[Link, ...]:
        """See `Reader.links`: Jaeger's page, and Grafana's if Grafana answers."""
        return self.pages.of(trace_id)
