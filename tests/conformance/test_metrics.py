"""The SDK's instruments leave as the SDK's own exporter would have sent them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.sdk.metrics import (
    AlwaysOnExemplarFilter,
    MeterProvider,
    TraceBasedExemplarFilter,
)
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from clew.export import _metrics
from tests.conformance import values
from tests.conformance.compare import same
from tests.conformance.twins import RESOURCE

_NUMBERS = st.one_of(
    st.integers(-1_000_000, 1_000_000),
    st.floats(-1e9, 1e9, allow_nan=False),
    st.sampled_from([0, 0.0, -0.0, 1e-300, 1e300]),
)
_POSITIVE = st.one_of(
    st.integers(0, 10_000), st.floats(0, 1e6, allow_nan=False), st.sampled_from([0, 1e-9, 5.0])
)
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), values.CLEAN_TEXT, st.binary(max_size=3),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(values.KEYS, st.integers(0, 3), max_size=2),
)  # fmt: skip
_ATTRIBUTES = st.dictionaries(values.KEYS.filter(bool), _VALUES, max_size=3)
_SPANS = st.one_of(
    st.none(),
    st.builds(
        SpanContext,
        st.integers(1, (1 << 128) - 1),
        st.integers(1, (1 << 64) - 1),
        st.booleans(),
        st.sampled_from([TraceFlags(0), TraceFlags(1)]),
    ),
)
_MEASUREMENTS = st.lists(
    st.tuples(
        st.sampled_from(["counter", "updown", "gauge", "histogram", "exponential", "plain"]),
        _POSITIVE,
        _NUMBERS,
        _ATTRIBUTES,
        _SPANS,
    ),
    max_size=12,
)


def _provider(reader: InMemoryMetricReader, every: bool) -> MeterProvider:
    return MeterProvider(
        [reader],
        resource=RESOURCE,
        exemplar_filter=AlwaysOnExemplarFilter() if every else TraceBasedExemplarFilter(),
        shutdown_on_exit=False,
        views=[
            View(
                instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation()
            ),
            View(
                instrument_name="plain",
                aggregation=ExplicitBucketHistogramAggregation((), record_min_max=False),
                attribute_keys={"a"},
            ),
        ],
    )


def _measure(provider: MeterProvider, measurements: list[Any]) -> None:
    meter = provider.get_meter("shop", "1", "https://schema.example/m", {"team": "x"})
    other = provider.get_meter("shop.db")
    counter = other.create_counter("counter", "1", "Counts.")
    updown = meter.create_up_down_counter("updown")
    gauge = meter.create_gauge("gauge", "By", "größe")
    histograms = {
        "histogram": meter.create_histogram(
            "histogram", "s", explicit_bucket_boundaries_advisory=[0.1, 1.0, 10.0]
        ),
        "exponential": meter.create_histogram("exponential"),
        "plain": meter.create_histogram("plain"),
    }
    for kind, positive, number, attributes, span in measurements:
        where = trace.set_span_in_context(NonRecordingSpan(span)) if span else context.Context()
        if kind == "counter":
            counter.add(positive, attributes, where)
        elif kind == "updown":
            updown.add(number, attributes, where)
        elif kind == "gauge":
            gauge.set(number, attributes, where)
        else:
            histograms[kind].record(positive, attributes, where)


def _same(data: MetricsData | None) -> Any:
    assert data is not None
    found = ExportMetricsServiceRequest.FromString(
        _metrics.request(RESOURCE, _metrics.sdk_scopes(data))
    )
    same(encode_metrics(data), found)
    return found


@given(_MEASUREMENTS, st.booleans())
def test_any_measurements_give_the_same_metrics(measurements: list[Any], every: bool) -> None:
    """Counters, gauges, both histograms and their exemplars: every field is the SDK's."""
    reader = InMemoryMetricReader()
    provider = _provider(reader, every)
    _measure(provider, measurements)
    data = reader.get_metrics_data()
    if data is None:
        assert _metrics.sdk_scopes(data) == []
    else:
        _same(data)
    provider.shutdown()


def test_observable_instruments() -> None:
    """What callbacks observe arrives, asynchronous counters as cumulative sums."""
    reader = InMemoryMetricReader()
    provider = _provider(reader, False)
    meter = provider.get_meter("shop")

    def observe(_: CallbackOptions) -> list[Observation]:
        return [Observation(3, {"k": "v"}), Observation(-1.5, {"k": "w"})]

    def count(_: CallbackOptions) -> list[Observation]:
        return [Observation(7)]

    meter.create_observable_gauge("g", [observe])
    meter.create_observable_up_down_counter("u", [observe])
    meter.create_observable_counter("c", [count])
    found = _same(reader.get_metrics_data())
    names = [metric.name for metric in found.resource_metrics[0].scope_metrics[0].metrics]
    assert names == ["g", "u", "c"]
    provider.shutdown()


def test_every_kind_was_compared() -> None:
    """The comparison above reaches every kind of data point, with exemplars."""
    reader = InMemoryMetricReader()
    provider = _provider(reader, True)
    span = SpanContext(1, 2, False, TraceFlags(1))
    kinds = ("counter", "updown", "gauge", "histogram", "exponential", "plain")
    _measure(provider, [(kind, 2.5, -3, {"a": "b", "c": 1}, span) for kind in kinds])
    found = _same(reader.get_metrics_data())
    metrics = [m for scope in found.resource_metrics[0].scope_metrics for m in scope.metrics]
    assert {metric.WhichOneof("data") for metric in metrics} == {
        "sum", "gauge", "histogram", "exponential_histogram",
    }  # fmt: skip
    assert all(
        getattr(metric, metric.WhichOneof("data")).data_points[0].exemplars
        for metric in metrics
        if metric.WhichOneof("data") != "gauge"
    )
    provider.shutdown()
