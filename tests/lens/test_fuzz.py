"""Whatever bytes come in, the answer is a 200 or a 4xx, and the next good request is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.lens import otlp_json as otlp
from tests.lens.bench import JSON, Bench

TRACE, SPAN = b"\xaa" * 16, b"\xbb" * 8
_quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Bench]:
    """One lens for all attempts, which must outlive them."""
    lens = Bench()
    yield lens
    span = otlp.span("c" * 32, "d" * 16, "after all that", start=lens.now)
    lens.send("/v1/traces", otlp.traces("users", span))
    assert lens.get("/trace", id="c" * 32)["spans"][0]["name"] == "after all that"
    assert lens.writer.counts.lost == 0
    lens.close()


def _messages() -> dict[str, bytes]:
    """One full request of each signal, to spoil."""
    traces = ExportTraceServiceRequest()
    group = traces.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "users"
    span = group.scope_spans.add().spans.add(
        trace_id=TRACE, span_id=SPAN, name="GET /", kind=2, start_time_unix_nano=1 << 60
    )
    span.attributes.add(key="http.route").value.string_value = "/users/{id}"
    span.events.add(name="exception").attributes.add(key="x").value.int_value = 1
    span.links.add(trace_id=TRACE, span_id=SPAN)
    logs = ExportLogsServiceRequest()
    record = logs.resource_logs.add().scope_logs.add().log_records.add(trace_id=TRACE)
    record.body.string_value = "hello"
    metrics = ExportMetricsServiceRequest()
    scoped = metrics.resource_metrics.add().scope_metrics.add()
    points = scoped.metrics.add(name="a", unit="s").histogram.data_points
    points.add(bucket_counts=[1, 2], explicit_bounds=[1.0], count=3, sum=2.0)
    exponential = scoped.metrics.add(name="b").exponential_histogram.data_points.add(scale=3)
    exponential.positive.bucket_counts.extend([1, 2, 3])
    scoped.metrics.add(name="c").gauge.data_points.add(as_double=1.5)
    scoped.metrics.add(name="d").sum.data_points.add(as_int=4)
    made = {"traces": traces, "logs": logs, "metrics": metrics}
    return {f"/v1/{name}": message.SerializeToString() for name, message in made.items()}


MESSAGES = _messages()
paths = st.sampled_from(sorted(MESSAGES))


@_quick
@given(path=paths, body=st.binary(max_size=400), encoding=st.sampled_from(["", "gzip"]))
def test_random_bytes(fuzzed: Bench, path: str, body: bytes, encoding: str) -> None:
    """Noise is answered."""
    headers = {"content_encoding": encoding} if encoding else {}
    assert fuzzed.post(path, body, **headers).status_code in (200, 400)


@settings(_quick, max_examples=600)
@given(path=paths, data=st.data())
def test_spoiled_messages(fuzzed: Bench, path: str, data: st.DataObject) -> None:
    """Real messages with a few bytes changed, cut or doubled are answered and stored if valid."""
    body = bytearray(MESSAGES[path])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    assert fuzzed.post(path, bytes(body[:cut]) * 2).status_code in (200, 400)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["resourceSpans", "scopeSpans", "spans", "traceId", "spanId", "name", "attributes",
             "key", "value", "stringValue", "kvlistValue", "values", "startTimeUnixNano",
             "resourceMetrics", "scopeMetrics", "metrics", "histogram", "dataPoints", "count"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=30,
)  # fmt: skip


@settings(_quick, max_examples=300)
@given(path=paths, value=values)
def test_json_of_any_shape(fuzzed: Bench, path: str, value: object) -> None:
    """JSON with the right names in wrong places is answered."""
    answer = fuzzed.receiver.post(path, content=json.dumps(value), headers=JSON)
    assert answer.status_code in (200, 400), answer.text


@settings(_quick, max_examples=200)
@given(
    path=st.sampled_from(["/overview", "/follow", "/traces", "/logs", "/metrics/query", "/trace"]),
    params=st.dictionaries(
        st.sampled_from(
            ["id", "since", "from", "to", "service", "attribute", "text", "level", "limit", "name",
             "min_ms", "status", "after_seq", "labels", "by", "stat", "trace_id", "entries"]
        ),
        st.text(max_size=40),
        max_size=6,
    ),
)  # fmt: skip
def test_questions_of_any_kind(fuzzed: Bench, path: str, params: dict[str, str]) -> None:
    """A question is answered, refused with a reason, or finds nothing."""
    answer = fuzzed.api.get(f"/api/v1{path}", params=params)
    assert answer.status_code in (200, 400, 404), answer.text
    assert answer.status_code == 200 or answer.json()["error"]
