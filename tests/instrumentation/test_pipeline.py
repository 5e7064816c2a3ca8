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

DROPPED, SENT = "clew.export.dropped", "clew.export.sent"


def _dropped(clew: Telemetry, signal: str) -> dict[str, float]:
    """{reason: items} as the exported metric tells it, zeros left out."""
    return {
        point.attributes["clew.reason"]: point.number
        for point in clew.points(DROPPED)
        if point.attributes["clew.signal"] == signal and point.number
    }


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
    assert _dropped(clew, "traces") == {"buffer_full": 15}
    runtime.pipeline.stop(1)


def test_sent_is_counted(clew: Telemetry) -> None:
    """What the endpoint accepted is counted by signal, once it was."""
    for _ in range(7):
        clew.runtime.tracer.start_span("s").end()
    logging.getLogger("shop").info("one line")
    clew.flush()
    sent = {point.attributes["clew.signal"]: point.number for point in clew.points(SENT)}
    assert (sent["traces"], sent["logs"]) == (7, 1)


def test_refused_is_counted(clew: Telemetry) -> None:
    """What the endpoint refused is told in the metric, by the reason."""
    clew.sink.answer = lambda request: Answer(400 if request.path == "/v1/traces" else 200)
    for _ in range(4):
        clew.runtime.tracer.start_span("s").end()
    clew.flush()
    assert _dropped(clew, "traces") == {"http_400": 4}


def test_outage_loses_nothing(clew: Telemetry) -> None:
    """Spans made while the endpoint is away arrive when it is back, each once."""
    clew.sink.answer = lambda request: Answer(503, {"Retry-After": "0"})
    clew.runtime.tracer.start_span("during").end()
    assert not clew.runtime.flush(0.05)
    clew.sink.reset()
    clew.runtime.tracer.start_span("after").end()
    assert sorted(span.data.name for span in clew.spans()) == ["after", "during"]
    assert _dropped(clew, "traces") == {}


# What user code can hand over that no encoder takes.
_POISON: dict[str, Callable[[Any], None]] = {
    "end time is text": lambda tracer: tracer.start_span("bad").end("soon"),
    "start time is a float": lambda tracer: tracer.start_span("bad", start_time=1.5).end(),
    "negative time": lambda tracer: tracer.start_span("bad", start_time=-1).end(-5),
    "time past 64 bits": lambda tracer: tracer.start_span("bad").end(1 << 70),
    "event time is text": lambda tracer: _ended(tracer, lambda s: s.add_event("e", None, "now")),
    "link to nothing": lambda tracer: _ended(tracer, lambda s: s.add_link("nothing")),
    "event without a name": lambda tracer: _ended(tracer, lambda s: s.add_event(None)),
    "name is a number": lambda tracer: tracer.start_span(7).end(),
}


def _ended(tracer: Any, change: Callable[[Any], None]) -> None:
    span = tracer.start_span("bad")
    try:
        change(span)
    except AttributeError:
        pass  # told at once to who did it: as good as kept
    span.end()


@pytest.mark.parametrize("poison", _POISON.values(), ids=list(_POISON))
def test_one_bad_span_costs_no_other(poison: Callable[[Any], None], clew: Telemetry) -> None:
    """A span that cannot be encoded is dropped and counted; those around it arrive."""
    tracer = clew.runtime.tracer
    tracer.start_span("before").end()
    poison(tracer)
    tracer.start_span("after").end()
    logging.getLogger("shop").info("a line")
    names = [span.data.name for span in clew.spans()]
    assert {"before", "after"} <= set(names)
    assert len(names) + _dropped(clew, "traces").get("not_encodable", 0) == 3
    assert len(clew.logs()) == 1


def test_tracer_with_an_odd_scope(clew: Telemetry) -> None:
    """A version that is a number, or attributes that are none, cost no spans."""
    odd: Any = clew.runtime.tracer_provider.get_tracer
    odd("numbered", 1.5).start_span("a").end()
    odd("attributed", "1", None, {"k": object()}).start_span("b").end()
    clew.runtime.tracer.start_span("c").end()
    assert sorted(span.data.name for span in clew.spans()) == ["a", "b", "c"]


def test_bad_log_record_costs_no_other(clew: Telemetry) -> None:
    """A record that cannot be encoded is dropped and counted; those around it arrive."""
    from clew.export._logs import LogItem

    logger = logging.getLogger("shop")
    logger.info("before")
    clew.runtime.pipeline.logs.put(
        LogItem("now", 0, 9, "INFO", "bad", {}, None, "shop")  # type: ignore[arg-type]
    )
    logger.info("after")
    assert [record.data.body.string_value for record in clew.logs()] == ["before", "after"]
    assert _dropped(clew, "logs") == {"not_encodable": 1}


def test_failing_source_of_metrics_costs_no_other(clew: Telemetry) -> None:
    """Metrics of a library that cannot be read are left out; clew's own arrive."""

    def fails() -> list[bytes]:
        raise RuntimeError("broken collector")

    clew.runtime.pipeline.collect.append(fails)
    assert clew.points("clew.export.queued")
    clew.runtime.tracer.start_span("s").end()
    assert clew.span().data.name == "s"


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
    from tests.instrumentation.asgi import get

    class RecordOnly(sampling.Sampler):
        def should_sample(self, *args: Any, **kwargs: Any) -> sampling.SamplingResult:
            return sampling.SamplingResult(sampling.Decision.RECORD_ONLY)

        def get_description(self) -> str:
            return "RecordOnly"

    monkeypatch.setattr(sampling, "_get_from_env_or_default", RecordOnly)
    clew = make()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    get(clew.wrap(app))
    (point,) = clew.points("http.server.request.duration")
    assert point.data.count == 1
    assert clew.sink.exemplars("http.server.request.duration") == []
    assert clew.sink.spans() == []


def test_stop_is_bounded_by_its_timeout(sink: Sink) -> None:
    """A metric source that hangs holds up neither the end nor what is there to be sent."""
    hang = threading.Event()
    runtime = Runtime(Settings.from_environ({"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url}))

    def hangs() -> list[bytes]:
        hang.wait(FLUSH_S * 3)
        return []

    runtime.pipeline.collect.append(hangs)
    runtime.pipeline.start()
    runtime.tracer.start_span("s").end()
    stopped = threading.Thread(target=runtime.pipeline.stop, args=(0.5,), daemon=True)
    stopped.start()
    stopped.join(FLUSH_S)
    assert not stopped.is_alive()
    assert [span.data.name for span in sink.spans()] == ["s"]
    hang.set()


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
