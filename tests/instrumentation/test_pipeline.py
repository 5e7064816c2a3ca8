"""From buffers to requests: in batches, with nothing lost in silence."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import sampling

from clew._config import Settings
from clew._runtime import Runtime
from clew.export._pipeline import Pipeline
from tests.instrumentation.telemetry import FLUSH_S, Telemetry
from tests.support.otlp_sink import Answer, Sink


def test_batches(make: Callable[..., Telemetry]) -> None:
    """A request holds at most OTEL_BSP_MAX_EXPORT_BATCH_SIZE spans; all arrive, in order."""
    clew = make(OTEL_BSP_MAX_EXPORT_BATCH_SIZE="3", OTEL_BSP_SCHEDULE_DELAY="600000")
    for number in range(10):
        clew.runtime.tracer.start_span(str(number)).end()
    assert [span.data.name for span in clew.spans()] == [str(number) for number in range(10)]
    sizes = [
        len(ExportTraceServiceRequest.FromString(r.body).resource_spans[0].scope_spans[0].spans)
        for r in clew.sink.received
        if r.path == "/v1/traces"
    ]
    assert sizes == [3, 3, 3, 1]


def test_full_buffer_is_counted(sink: Sink) -> None:
    """What does not fit is dropped, counted, and told in the metric."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "OTEL_BSP_MAX_QUEUE_SIZE": "10"}
    runtime = Runtime(Settings.from_environ(environ))
    for _ in range(25):
        runtime.tracer.start_span("s").end()
    runtime.pipeline.start()
    clew = Telemetry(runtime, sink)
    assert len(clew.spans()) == 10
    assert clew.dropped("traces") == {"buffer_full": 15}
    runtime.pipeline.stop(1)


def test_sent_is_counted(clew: Telemetry) -> None:
    """What the endpoint accepted is counted by signal, once it was."""
    for _ in range(7):
        clew.runtime.tracer.start_span("s").end()
    logging.getLogger("shop").info("one line")
    clew.flush()
    sent = {
        point.attributes["clew.signal"]: point.number for point in clew.points("clew.export.sent")
    }
    assert (sent["traces"], sent["logs"]) == (7, 1)


def test_refused_is_counted(clew: Telemetry) -> None:
    """What the endpoint refused is told in the metric, by the reason."""
    clew.sink.answer = lambda request: Answer(400 if request.path == "/v1/traces" else 200)
    for _ in range(4):
        clew.runtime.tracer.start_span("s").end()
    clew.flush()
    assert clew.dropped("traces") == {"http_400": 4}


def test_outage_loses_nothing(clew: Telemetry) -> None:
    """Spans made while the endpoint is away arrive when it is back, each once."""
    clew.sink.answer = lambda request: Answer(503, {"Retry-After": "0"})
    clew.runtime.tracer.start_span("during").end()
    assert not clew.runtime.flush(0.05)
    clew.sink.reset()
    clew.runtime.tracer.start_span("after").end()
    assert sorted(span.data.name for span in clew.spans()) == ["after", "during"]
    assert clew.dropped("traces") == {}


def test_signal_without_an_endpoint_costs_nothing(make: Callable[..., Telemetry]) -> None:
    """OTEL_*_EXPORTER=none: neither requests nor drops; the other signals arrive."""
    clew = make(OTEL_TRACES_EXPORTER="none")
    clew.runtime.tracer.start_span("s").end()
    logging.getLogger("shop").info("line")
    assert clew.spans() == []
    assert len(clew.logs()) == 1
    assert clew.runtime.pipeline.spans.dropped == 0


def test_exemplars_name_exported_spans_only(
    make: Callable[..., Telemetry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A span that is recorded but not sampled is no exemplar: nobody could follow it."""
    from clew import _tracing_options
    from tests.instrumentation.asgi import get

    class RecordOnly(sampling.Sampler):
        def should_sample(self, *args: Any, **kwargs: Any) -> sampling.SamplingResult:
            return sampling.SamplingResult(sampling.Decision.RECORD_ONLY)

        def get_description(self) -> str:
            return "RecordOnly"

    monkeypatch.setattr(_tracing_options, "DEFAULT_ON", RecordOnly())
    clew = make()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    get(clew.wrap(app))
    (point,) = clew.points("http.server.request.duration")
    assert point.data.count == 1
    assert clew.sink.exemplars("http.server.request.duration") == []
    assert clew.sink.spans() == []


def test_stopping_twice(clew: Telemetry) -> None:
    """A second stop, by atexit after a signal, does nothing."""
    clew.runtime.tracer.start_span("s").end()
    clew.runtime.pipeline.stop(5)
    clew.runtime.pipeline.stop(5)
    assert len(clew.sink.spans()) == 1


def test_histogram_stays_whole_under_concurrent_exports(clew: Telemetry) -> None:
    """Every export, whichever thread makes it, has a count that is the sum of its buckets."""
    from clew.metrics import DurationHistogram

    pipeline: Pipeline = clew.runtime.pipeline
    histogram: DurationHistogram = pipeline.http.server
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            pipeline.spans.put((histogram, ("GET", "http", "/", 200, ""), 0.1, 1))

    worker = threading.Thread(target=serve)
    worker.start()
    for _ in range(10):
        pipeline.flush(FLUSH_S)
    done.set()
    worker.join()
    clew.flush()
    points = [
        point
        for item in clew.sink.metrics()
        if item.data.name == "http.server.request.duration"
        for point in item.data.histogram.data_points
    ]
    assert len(points) >= 10
    for point in points:
        assert point.count == sum(point.bucket_counts)
        assert point.sum == pytest.approx(point.count * 0.1)
