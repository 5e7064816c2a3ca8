"""Code that knows the SDK's classes finds what it expects."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags

from tests.conformance.compare import same_spans
from tests.conformance.twins import ClewTwin, twins


def _work(provider: sdk_trace.TracerProvider) -> None:
    other = SpanContext(5, 6, True, TraceFlags(1))
    tracer = provider.get_tracer("t", "1")
    with tracer.start_as_current_span(
        "s",
        kind=SpanKind.SERVER,
        attributes={"a": (1, 2), "b": None},
        links=[Link(other, {"l": 1})],
    ) as span:
        span.add_event("e", {"k": "v"}, 1_000)
        tracer.start_span("child", start_time=1).end(2)


def test_types_that_third_parties_ask_for() -> None:
    """Provider, tracer and span are instances of the SDK's classes."""
    provider = ClewTwin().provider
    span = provider.get_tracer("t").start_span("s")
    assert isinstance(provider, sdk_trace.TracerProvider)
    assert isinstance(provider.get_tracer("t"), sdk_trace.Tracer)
    for kind in (sdk_trace.Span, sdk_trace.ReadableSpan, trace.Span):
        assert isinstance(span, kind)


@pytest.mark.parametrize("batched", [False, True], ids=["simple", "batch"])
def test_processors_export_what_the_sdk_would(batched: bool) -> None:
    """An exporter behind the SDK's processors gets the SDK's spans, and clew still its own."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    sdk, clew = twins()
    exporter = InMemorySpanExporter()
    processor = (BatchSpanProcessor if batched else SimpleSpanProcessor)(exporter)
    clew.provider.add_span_processor(processor)
    _work(sdk.provider)
    _work(clew.provider)
    assert clew.provider.force_flush()
    expected = sdk.exported()
    same_spans(expected, encode_spans(exporter.get_finished_spans()))
    same_spans(expected, clew.exported())
    processor.shutdown()


def test_to_json_is_the_sdks() -> None:
    """`to_json` of a live and of an ended span reads as the SDK's does."""

    def texts(provider: sdk_trace.TracerProvider) -> list[Any]:
        span: Any = provider.get_tracer("t").start_span("s", start_time=1, attributes={"a": [1]})
        live = json.loads(span.to_json())
        span.add_event("e", {"x": 1}, 5)
        span.add_link(SpanContext(5, 6, True), {"y": 2})
        span.end(9)
        return [live, json.loads(span.to_json())]

    sdk, clew = twins()
    assert texts(clew.provider) == texts(sdk.provider)


def test_readable_properties() -> None:
    """A span tells its own data through the properties of ReadableSpan."""

    def told(provider: sdk_trace.TracerProvider) -> list[Any]:
        root: Any = provider.get_tracer("root").start_span("root", start_time=1)
        span: Any = provider.get_tracer("t", "2").start_span(
            "s", trace.set_span_in_context(root), SpanKind.CLIENT, {"a": 1}, start_time=3
        )
        span.set_status(trace.StatusCode.ERROR, "bad")
        scope = span.instrumentation_scope
        read = [
            span.name, span.kind, span.parent, span.context, dict(span.attributes), span.start_time,
            span.end_time, span.status.status_code, span.status.description, span.events,
            span.links, span.dropped_attributes, span.dropped_events, span.dropped_links,
            span.resource, (scope.name, scope.version), span.is_recording(),
        ]  # fmt: skip
        with pytest.raises(TypeError):
            span.attributes["b"] = 2
        return read

    sdk, clew = twins()
    assert told(clew.provider) == told(sdk.provider)


def test_processor_sees_start_and_end() -> None:
    """A processor is told of each start with the parent's context, and of each end once."""

    class Seen(sdk_trace.SpanProcessor):
        def __init__(self) -> None:
            self.calls: list[Any] = []

        def on_start(self, span: Any, parent_context: Any = None) -> None:
            span.set_attribute("from", "on_start")
            parent = trace.get_current_span(parent_context).get_span_context().span_id
            self.calls.append(("start", span.name, parent, span.is_recording()))

        def on_end(self, span: Any) -> None:
            self.calls.append(("end", span.name, dict(span.attributes), span.end_time))

    calls = []
    for twin in twins():
        seen = Seen()
        twin.provider.add_span_processor(seen)
        tracer = twin.provider.get_tracer("t")
        with tracer.start_as_current_span("outer") as outer:
            span = tracer.start_span("inner")
            span.end(5)
            span.end(6)
            outer.end(7)
        calls.append(seen.calls)
    assert calls[1] == calls[0]


def test_processor_added_late() -> None:
    """A processor that is added while a span is open gets its end."""
    ended = []
    for twin in twins():
        exporter = InMemorySpanExporter()
        span = twin.provider.get_tracer("t").start_span("s")
        twin.provider.add_span_processor(SimpleSpanProcessor(exporter))
        span.end()
        ended.append([one.name for one in exporter.get_finished_spans()])
    assert ended == [["s"], ["s"]]


def test_unsampled_but_recorded_span_is_not_exported() -> None:
    """RECORD_ONLY reaches processors, not exporters."""
    from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

    class RecordOnly(Sampler):
        def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
            return SamplingResult(Decision.RECORD_ONLY)

        def get_description(self) -> str:
            return "RecordOnly"

    sdk, clew = twins(RecordOnly())
    for twin in (sdk, clew):
        span = twin.provider.get_tracer("t").start_span("s")
        assert span.is_recording()
        span.end()
    same_spans(sdk.exported(), clew.exported())
    assert not clew.exported().resource_spans


def test_console_exporter_prints() -> None:
    """The exporter that everyone debugs with prints clew's spans."""
    clew, out = ClewTwin(), io.StringIO()
    clew.provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=out)))
    _work(clew.provider)
    assert '"name": "child"' in out.getvalue()
