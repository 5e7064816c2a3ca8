"""clew's own histogram adds up as the SDK's explicit-bucket histogram does."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from clew import _names
from clew.export import _metrics
from clew.metrics import DurationHistogram
from tests.conformance.compare import same
from tests.conformance.twins import RESOURCE

_SECONDS = st.one_of(
    st.floats(0, 100, allow_nan=False),
    st.sampled_from([*_names.HTTP_DURATION_BOUNDS, 0.0, 1e-9, 10.000001, 3_600.0]),
)
_PAIRS = st.sampled_from(
    [
        (("http.request.method", "GET"), ("http.route", "/a")),
        (("http.request.method", "GET"), ("http.route", "/b")),
        (("http.request.method", "GET"), ("http.response.status_code", 500)),
        (),
    ]
)
_SAMPLED = SpanContext(1, 2, False, TraceFlags(1))


@given(st.lists(st.tuples(_SECONDS, _PAIRS, st.booleans()), max_size=40))
def test_any_durations_add_up_alike(measurements: list[Any]) -> None:
    """Counts, sums, buckets, minimum and maximum of every attribute set are the SDK's."""
    same(*(_settled(one) for one in _both(measurements)))


@given(st.lists(st.tuples(_SECONDS, _PAIRS, st.booleans()), max_size=20))
def test_exemplars_stand_in_their_bucket(measurements: list[Any]) -> None:
    """Each bucket has at most one exemplar; it lies within the bucket and names the span."""
    _, clew = _both(measurements)
    for point in _points(clew):
        bounds = [float("-inf"), *point.explicit_bounds, float("inf")]
        taken = set()
        for exemplar in point.exemplars:
            place = next(i for i, top in enumerate(bounds[1:]) if exemplar.as_double <= top)
            assert exemplar.as_double > bounds[place]
            assert point.bucket_counts[place] > 0
            assert exemplar.trace_id == (1).to_bytes(16, "big")
            assert exemplar.span_id == (2).to_bytes(8, "big")
            assert exemplar.time_unix_nano == 5
            taken.add(place)
        assert len(taken) == len(point.exemplars)


@given(st.lists(st.tuples(_SECONDS, _PAIRS, st.just(True)), min_size=1, max_size=20))
def test_exemplars_are_in_the_same_buckets(measurements: list[Any]) -> None:
    """The SDK and clew keep an exemplar for the same buckets."""
    sdk, clew = _both(measurements)
    places = [
        {
            (str(point.attributes), sum(bound < one.as_double for bound in point.explicit_bounds))
            for point in _points(request)
            for one in point.exemplars
        }
        for request in (sdk, clew)
    ]
    assert places[1] == places[0]


def test_exemplars_are_sent_once() -> None:
    """The next export has no exemplar that the last one had."""
    histogram = DurationHistogram("d", "")
    histogram.record((), 0.1, 5, _SAMPLED)
    first = _parsed(_metrics.duration(histogram, 1, 2))
    histogram.record((), 0.2, 6, None)
    second = _parsed(_metrics.duration(histogram, 1, 3))
    assert len(_points(first)[0].exemplars) == 1
    assert (len(_points(second)[0].exemplars), _points(second)[0].count) == (0, 2)


def _both(measurements: list[Any]) -> tuple[Any, Any]:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=RESOURCE, shutdown_on_exit=False)
    theirs = provider.get_meter("clew").create_histogram(
        "d", "s", "text", explicit_bucket_boundaries_advisory=_names.HTTP_DURATION_BOUNDS
    )
    ours = DurationHistogram("d", "text")
    for seconds, pairs, sampled in measurements:
        span = _SAMPLED if sampled else SpanContext(1, 2, False, TraceFlags(0))
        where = trace.set_span_in_context(NonRecordingSpan(span))
        theirs.record(seconds, dict(pairs), where)
        ours.record(pairs, seconds, 5, span if sampled else None)
    data = reader.get_metrics_data()
    provider.shutdown()
    sdk = ExportMetricsServiceRequest() if data is None else encode_metrics(data)
    return sdk, _parsed(_metrics.duration(ours, 1, 2))


def _parsed(metric: bytes) -> Any:
    scopes = [_metrics.scope_metrics("clew", "", [metric])] if metric else []
    if not scopes:
        return ExportMetricsServiceRequest()
    return ExportMetricsServiceRequest.FromString(_metrics.request(RESOURCE, scopes))


def _points(request: Any) -> list[Any]:
    return [
        point
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.histogram.data_points
    ]


def _settled(request: Any) -> Any:
    """Without times, and without exemplars, which the SDK keeps the newest of as well."""
    for point in _points(request):
        point.start_time_unix_nano, point.time_unix_nano = 1, 2
        del point.exemplars[:]
    return request
