"""The three signals: their paths, messages and decoders, in one place for HTTP and gRPC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_pb
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_pb

from ..store.batch import Batch
from . import logs, metrics, spans
from .limits import Limits
from .resources import Resources


@dataclass(frozen=True)
class Signal:
    """One kind of telemetry."""

    path: str
    service: str
    """The gRPC service's full name; its only method is Export."""
    request: Callable[[], Any]
    response: Callable[[], Any]
    decode: Callable[[Any, Resources, Limits, int], Batch]
    rejected: str
    """The field of the partial success that counts what was not taken."""


SIGNALS = (
    Signal(
        "/v1/traces",
        "opentelemetry.proto.collector.trace.v1.TraceService",
        trace_pb.ExportTraceServiceRequest,
        trace_pb.ExportTraceServiceResponse,
        spans.decode,
        "rejected_spans",
    ),
    Signal(
        "/v1/logs",
        "opentelemetry.proto.collector.logs.v1.LogsService",
        logs_pb.ExportLogsServiceRequest,
        logs_pb.ExportLogsServiceResponse,
        logs.decode,
        "rejected_log_records",
    ),
    Signal(
        "/v1/metrics",
        "opentelemetry.proto.collector.metrics.v1.MetricsService",
        metrics_pb.ExportMetricsServiceRequest,
        metrics_pb.ExportMetricsServiceResponse,
        metrics.decode,
        "rejected_data_points",
    ),
)
