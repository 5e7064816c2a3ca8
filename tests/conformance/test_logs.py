"""Records of the OpenTelemetry logs API leave as the SDK's own exporter would have sent them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from clew._sdk_signals import BufferProcessor
from clew.export._buffer import Buffer
from clew.export._logs import LogEncoder
from tests.conformance import values
from tests.conformance.compare import same
from tests.conformance.twins import RESOURCE

pytestmark = pytest.mark.filterwarnings("ignore:Log record attributes were dropped")

_BODIES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(),
        values.CLEAN_TEXT, st.binary(max_size=4),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(values.KEYS, inner, max_size=3)
    ),
    max_leaves=4,
)  # fmt: skip
_CLEAN_ATTRIBUTES = st.dictionaries(values.KEYS, _BODIES, max_size=3)
_SPANS = st.one_of(
    st.none(),
    st.builds(
        SpanContext,
        st.integers(1, (1 << 128) - 1),
        st.integers(1, (1 << 64) - 1),
        st.booleans(),
        st.sampled_from([TraceFlags(0), TraceFlags(1), TraceFlags(3)]),
    ),
)
_RECORDS = st.fixed_dictionaries(
    {
        "timestamp": st.integers(1, 1_000_000),
        "observed_timestamp": st.integers(1, 1_000_000),
        "span": _SPANS,
        "severity_text": st.one_of(st.none(), values.CLEAN_TEXT),
        "severity_number": st.one_of(st.none(), st.sampled_from(list(SeverityNumber))),
        "body": _BODIES,
        "attributes": st.one_of(st.none(), _CLEAN_ATTRIBUTES),
        "event_name": st.one_of(st.none(), values.CLEAN_TEXT),
        "scope": st.integers(0, 2),
    }
)
_SCOPES: tuple[tuple[Any, ...], ...] = (
    ("shop",),
    ("shop.db", "1", "https://schema.example/l"),
    ("shop.db", "1", None, {"pool": "main"}),
)


class Both:
    """A logger provider whose records go to the SDK's exporter and to clew's buffer alike."""

    def __init__(self) -> None:
        self.provider = LoggerProvider(RESOURCE, shutdown_on_exit=False)
        self._exporter = InMemoryLogRecordExporter()
        self._buffer = Buffer(10_000, threading.Event())
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))
        self.provider.add_log_record_processor(BufferProcessor(self._buffer, lambda timeout: True))

    def emit(self, scope: int = 0, span: SpanContext | None = None, **fields: Any) -> None:
        where = Context()
        if span is not None:
            where = trace.set_span_in_context(NonRecordingSpan(span), where)
        self.provider.get_logger(*_SCOPES[scope]).emit(LogRecord(context=where, **fields))

    def by_sdk(self) -> Any:
        return encode_logs(self._exporter.get_finished_logs())

    def by_clew(self) -> Any:
        return ExportLogsServiceRequest.FromString(LogEncoder(RESOURCE).encode(self._buffer.take()))


@given(st.lists(_RECORDS, min_size=1, max_size=4))
def test_any_records_are_the_same(records: list[dict[str, Any]]) -> None:
    """Every field of every record is the SDK's."""
    both = Both()
    for record in records:
        both.emit(**record)
    same(both.by_sdk(), both.by_clew())


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attributes beyond the limit are dropped and counted as by the SDK."""
    monkeypatch.setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "2")
    both = Both()
    both.emit(timestamp=1, observed_timestamp=1, body="x", attributes={"a": 1, "b": 2, "c": 3})
    clew = both.by_clew()
    same(both.by_sdk(), clew)
    assert _record(clew).dropped_attributes_count == 1


def _record(request: Any) -> Any:
    return request.resource_logs[0].scope_logs[0].log_records[0]


def test_record_without_a_time_has_the_observed_one() -> None:
    """Stores sort by time, so clew sends the observed time where a record names no other."""
    both = Both()
    both.emit(observed_timestamp=7, body="x")
    sdk, clew = both.by_sdk(), both.by_clew()
    assert (_record(sdk).time_unix_nano, _record(sdk).observed_time_unix_nano) == (0, 7)
    assert (_record(clew).time_unix_nano, _record(clew).observed_time_unix_nano) == (7, 7)


def test_half_an_id_is_no_id() -> None:
    """A record that names a trace but no span has no ids."""
    both = Both()
    both.provider.get_logger("shop").emit(
        LogRecord(timestamp=1, observed_timestamp=1, trace_id=5, span_id=0, body="x")
    )
    sdk, clew = both.by_sdk(), both.by_clew()
    assert _record(sdk).trace_id
    assert not _record(clew).trace_id


def test_odd_attributes_cost_no_record() -> None:
    """Attributes that no protocol has a place for are sent as text, or left out."""
    both = Both()
    odd = {"s\ud800": "\udcff", "n": 10**30, "o": values.NAMED, "x": values.NAMELESS, "": 1}
    both.emit(timestamp=1, observed_timestamp=1, body="\ud800", attributes=odd)
    clew = both.by_clew()
    found = {item.key: item.value for item in _record(clew).attributes}
    assert _record(clew).body.string_value == "?"
    assert found["s?"].string_value == "?"
    assert found["n"].string_value == str(10**30)
    assert found["o"].string_value == "named"
