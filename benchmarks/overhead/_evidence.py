"""What arrived: counts of decoded OTLP requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogram,
    Histogram,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.overhead.apps._lines import NAME

# The second names are those of the conventions before they were stable, which some still use.
SERVER_DURATIONS = ("http.server.request.duration", "http.server.duration")
CLIENT_DURATIONS = ("http.client.request.duration", "http.client.duration")
_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA

Series = tuple[str, bytes, tuple[bytes, ...]]
"""Metric name, encoded resource, encoded attributes in order."""


@dataclass
class Evidence:
    """Everything that one process sent. `spans` holds (trace id, span id), so copies show."""

    spans: dict[int, set[tuple[bytes, bytes]]] = field(default_factory=dict)
    copies: int = 0
    log_records: int = 0
    requests: int = 0
    received_bytes: int = 0
    _cumulative: dict[Series, int] = field(default_factory=dict)
    _delta: dict[Series, int] = field(default_factory=dict)

    def add(self, signal: str, body: bytes) -> None:
        """Count one request, already decompressed, of "traces", "metrics" or "logs"."""
        self.requests += 1
        self.received_bytes += len(body)
        if signal == "traces":
            self._traces(ExportTraceServiceRequest.FromString(body))
        elif signal == "metrics":
            self._metrics(ExportMetricsServiceRequest.FromString(body))
        elif signal == "logs":
            self._logs(ExportLogsServiceRequest.FromString(body))

    def _traces(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    seen = self.spans.setdefault(span.kind, set())
                    ids = (span.trace_id, span.span_id)
                    self.copies += ids in seen
                    seen.add(ids)

    def _metrics(self, request: ExportMetricsServiceRequest) -> None:
        for resource in request.resource_metrics:
            who = resource.resource.SerializeToString(deterministic=True)
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    if metric.name in SERVER_DURATIONS + CLIENT_DURATIONS:
                        self._histogram(metric.name, who, metric.histogram)
                        self._histogram(metric.name, who, metric.exponential_histogram)

    def _histogram(self, name: str, who: bytes, data: Histogram | ExponentialHistogram) -> None:
        for point in data.data_points:
            series = (name, who, _ordered(point.attributes))
            if data.aggregation_temporality == _DELTA:
                self._delta[series] = self._delta.get(series, 0) + point.count
            else:
                self._cumulative[series] = max(self._cumulative.get(series, 0), point.count)

    def _logs(self, request: ExportLogsServiceRequest) -> None:
        for resource in request.resource_logs:
            for scope in resource.scope_logs:
                if scope.scope.name == NAME:
                    self.log_records += len(scope.log_records)

    def durations(self, names: tuple[str, ...]) -> int:
        """How many measurements the histograms of these names hold."""
        both = (*self._cumulative.items(), *self._delta.items())
        return sum(count for (name, _, _), count in both if name in names)

    def summary(self) -> dict[str, int]:
        """The counts that a configuration may be held to, and the size of it all."""
        return {
            "server_spans": len(self.spans.get(Span.SPAN_KIND_SERVER, ())),
            "client_spans": len(self.spans.get(Span.SPAN_KIND_CLIENT, ())),
            "other_spans": len(self.spans.get(Span.SPAN_KIND_INTERNAL, ())),
            "copies": self.copies,
            "server_durations": self.durations(SERVER_DURATIONS),
            "client_durations": self.durations(CLIENT_DURATIONS),
            "log_records": self.log_records,
            "requests": self.requests,
            "received_bytes": self.received_bytes,
        }


def _ordered(attributes: Iterable[KeyValue]) -> tuple[bytes, ...]:
    return tuple(sorted(one.SerializeToString(deterministic=True) for one in attributes))
