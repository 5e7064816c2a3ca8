"""What the sink counts as arrived."""

from __future__ import annotations

import gzip

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.overhead.apps._lines import NAME
from benchmarks.overhead.sink import count

CUMULATIVE, DELTA = 2, 1


def spans(*ids: int, kind: int = Span.SPAN_KIND_SERVER) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in ids:
        scope.spans.add(
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            kind=kind,
        )
    return bytes(request.SerializeToString())


def durations(
    temporality: int,
    *counts: int,
    instance: str = "one",
    name: str = "http.server.request.duration",
) -> bytes:
    """One series for each of `counts`."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    attribute = resource.resource.attributes.add(key="service.instance.id")
    attribute.value.string_value = instance
    data = resource.scope_metrics.add().metrics.add(name=name).histogram
    data.aggregation_temporality = temporality
    for number, measured in enumerate(counts):
        point = data.data_points.add(count=measured)
        point.attributes.add(key="number").value.int_value = number
    return bytes(request.SerializeToString())


def lines(scope_name: str, number: int) -> bytes:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    scope.scope.name = scope_name
    for _ in range(number):
        scope.log_records.add()
    return bytes(request.SerializeToString())


def test_spans_count_once() -> None:
    """A span that came twice is one span and one copy."""
    found = count([("traces", "", spans(1, 2)), ("traces", "", spans(2, 3))])
    assert (found["server_spans"], found["copies"]) == (3, 1)


def test_spans_count_by_kind() -> None:
    """A CLIENT span is no evidence of a server's."""
    found = count([("traces", "", spans(1, kind=Span.SPAN_KIND_CLIENT))])
    assert (found["server_spans"], found["client_spans"]) == (0, 1)


def test_cumulative_histograms_count_their_largest() -> None:
    """Of cumulative points the largest of each series counts, and series add up."""
    found = count(
        [
            ("metrics", "", durations(CUMULATIVE, 5, 1)),
            ("metrics", "", durations(CUMULATIVE, 9, 1)),
            ("metrics", "", durations(CUMULATIVE, 4, instance="other")),
        ]
    )
    assert found["server_durations"] == 9 + 1 + 4


def test_delta_histograms_add_up() -> None:
    """Of delta points all count."""
    bodies = [("metrics", "", durations(DELTA, 5)), ("metrics", "", durations(DELTA, 4))]
    assert count(bodies)["server_durations"] == 9


def test_other_histograms_do_not_count() -> None:
    """Only durations of requests are evidence of requests."""
    body = durations(CUMULATIVE, 5, name="http.server.response.body.size")
    assert count([("metrics", "", body)])["server_durations"] == 0


def test_only_the_handlers_lines_count() -> None:
    """What the server logs of itself is no line of a request."""
    found = count([("logs", "", lines(NAME, 3)), ("logs", "", lines("uvicorn.error", 2))])
    assert found["log_records"] == 3


def test_compressed_requests_count() -> None:
    """gzip is undone before decoding."""
    assert count([("traces", "gzip", gzip.compress(spans(1)))])["server_spans"] == 1


def test_an_unknown_encoding_is_an_error() -> None:
    """It is not counted as nothing, which would look like a loss."""
    with pytest.raises(KeyError, match="zstd"):
        count([("traces", "zstd", b"")])
