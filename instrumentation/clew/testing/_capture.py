"""Starts clew for tests, and captures what one test makes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import time_ns

from opentelemetry import metrics as metrics_api
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from clew import _start
from clew._runtime import Runtime
from clew.testing._logs import LineHandler, Logs
from clew.testing._metrics import Metrics
from clew.testing._spans import Spans

# Nothing leaves a test, and its standard output is the test's.
QUIET = {
    "OTEL_CONFIG_FILE": "",
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "CLEW_LOG_FORMAT": "none",
}


class Capture:
    """The telemetry of one test."""

    def __init__(self, spans: Spans, logs: Logs, metrics: Metrics) -> None:
        self.spans = spans
        self.logs = logs
        self.metrics = metrics


class _Tap(SpanProcessor):
    """Hands ended spans to whichever test listens. Processors cannot be taken off again."""

    def __init__(self) -> None:
        self.spans: Spans | None = None

    def on_end(self, span: ReadableSpan) -> None:
        if self.spans is not None:
            self.spans.add(span)


_tap: _Tap | None = None


def start() -> Runtime:
    """Start clew for tests: everything is instrumented, nothing is exported.

    Where it runs already, since the application imports `clew.auto`, it goes on as it was told
    by the environment.

    Raises:
        RuntimeError: OTEL_SDK_DISABLED is true.
    """
    global _tap
    runtime = _start.current() or _start.start({**os.environ, **QUIET})
    if runtime is None:
        raise RuntimeError("OTEL_SDK_DISABLED is true: there is no telemetry to capture.")
    if _tap is None:
        _tap = _Tap()
        provider = trace_api.get_tracer_provider()
        provider.add_span_processor(_tap)  # type: ignore[attr-defined]
    return runtime


@contextmanager
def capture() -> Iterator[Capture]:
    """Capture all telemetry of this process while the block lasts.

    Spans count that begin and end within it; metrics, what is added within it. One block at a
    time: two at once would see each other's.
    """
    runtime = start()
    assert _tap is not None
    spans, logs = Spans(time_ns()), Logs()
    handler = LineHandler(runtime, logs)
    metrics = Metrics(runtime, metrics_api.get_meter_provider())
    root = logging.getLogger()
    root.addHandler(handler)
    _tap.spans = spans
    try:
        yield Capture(spans, logs, metrics)
    finally:
        _tap.spans = None
        root.removeHandler(handler)
        metrics.end()
