"""The SDK's instruments and log records, which user code makes through the OpenTelemetry API.

They are the SDK's own; only their way out is clew's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from opentelemetry import _logs
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from clew.export import _metrics as encode_metrics
from clew.export._buffer import Buffer
from clew.export._logs import LogItem

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadWriteLogRecord

    from clew._runtime import Runtime

# Export everything made so far, for at most so many seconds: see `Pipeline.flush`.
Flush = Callable[[float], bool]


class BufferProcessor(LogRecordProcessor):
    """Hands records of the OpenTelemetry logs API to clew's buffer."""

    def __init__(self, buffer: Buffer, flush: Flush) -> None:
        """`flush` exports what was made so far."""
        self._buffer = buffer
        self._flush = flush

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        from opentelemetry.trace import SpanContext, TraceFlags

        record = log_record.log_record
        context = None
        if record.trace_id and record.span_id:
            flags = TraceFlags(record.trace_flags or 0)
            context = SpanContext(record.trace_id, record.span_id, False, flags)
        severity = record.severity_number.value if record.severity_number else 0
        self._buffer.put(
            LogItem(
                time=record.timestamp or record.observed_timestamp or 0,
                observed=record.observed_timestamp or record.timestamp or 0,
                severity=severity,
                severity_text=record.severity_text or "",
                body=record.body,
                attributes=dict(record.attributes or ()),
                context=context,
                scope=log_record.instrumentation_scope,  # type: ignore[arg-type]
                event_name=record.event_name or "",
                dropped_attributes=log_record.dropped_attributes,
            )
        )

    def shutdown(self) -> None:
        """Nothing: the pipeline's own end flushes."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._flush(timeout_millis / 1000)


class PipelineReader(InMemoryMetricReader):
    """Collected by the pipeline; a flush of the meter provider is one of the pipeline."""

    def __init__(self, flush: Flush) -> None:
        super().__init__()
        self._flush = flush

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return self._flush(timeout_millis / 1000)


def meter_provider(runtime: Runtime) -> MeterProvider:
    """An SDK meter provider whose instruments leave with clew's own metrics."""
    reader = PipelineReader(runtime.flush)
    runtime.pipeline.collect.append(lambda: encode_metrics.sdk_scopes(reader.get_metrics_data()))
    return MeterProvider([reader], resource=runtime.resource, shutdown_on_exit=False)


def forget_parent(provider: MeterProvider) -> None:
    """After a fork: let the child's sums begin at zero. The SDK would go on from the parent's.

    With locks of its own: the parent's export thread may have held them.
    """
    consumer = provider._measurement_consumer
    storages = getattr(consumer, "_reader_storages", None)
    if not isinstance(storages, dict):
        return  # another release of the SDK keeps them elsewhere
    consumer._lock = threading.Lock()  # type: ignore[attr-defined]
    for reader, storage in list(storages.items()):
        reader._lock = threading.RLock()
        storages[reader] = type(storage)(
            consumer._sdk_config,  # type: ignore[attr-defined]
            reader._instrument_class_temporality,
            reader._instrument_class_aggregation,
        )


def set_logger_provider(runtime: Runtime) -> None:
    """Let records of the OpenTelemetry logs API leave with clew's own log records."""
    provider = LoggerProvider(runtime.resource, shutdown_on_exit=False)
    provider.add_log_record_processor(BufferProcessor(runtime.pipeline.logs, runtime.flush))
    _logs.set_logger_provider(provider)
