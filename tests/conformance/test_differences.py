"""Each difference from the SDK that is meant, pinned. The table is in `compare`."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.trace import Link, SpanContext, TraceFlags, TraceState

from tests.conformance.compare import DIFFERENCES
from tests.conformance.twins import ClewTwin, SdkTwin, twins

_REMOTE = SpanContext(1, 2, True, TraceFlags(1), TraceState([("vendor", "x")]))


def _only_span(twin: ClewTwin | SdkTwin) -> Any:
    return twin.exported().resource_spans[0].scope_spans[0].spans[0]


def test_table_is_complete() -> None:
    """Every difference has its reason, and a test here or in the tests of its signal."""
    assert all(DIFFERENCES.values())
    assert set(DIFFERENCES) == {
        "a link's trace state",
        "a lone surrogate",
        "an int past 64 bits",
        "_on_ending",
        "a log record without a time",
        "a log record with half an id",
    }


def test_link_keeps_its_trace_state() -> None:
    """A link's trace state arrives, which the SDK's exporter leaves out."""
    sdk, clew = twins()
    for twin in (sdk, clew):
        twin.provider.get_tracer("t").start_span("s", links=[Link(_REMOTE)]).end()
    assert _only_span(sdk).links[0].trace_state == ""
    assert _only_span(clew).links[0].trace_state == "vendor=x"


def test_surrogate_in_a_name_costs_no_batch() -> None:
    """A span's or event's name that is no Unicode text is sent with '?' in its place."""
    sdk, clew = twins()
    for twin in (sdk, clew):
        with twin.provider.get_tracer("t").start_as_current_span("a\ud800b") as span:
            span.add_event("c\udfffd")
    with pytest.raises(UnicodeEncodeError):
        sdk.exported()
    span = _only_span(clew)
    assert (span.name, span.events[0].name) == ("a?b", "c?d")


def test_surrogate_in_an_attribute_keeps_the_attribute() -> None:
    """An attribute whose key or value is no Unicode text is sent with '?' in its place."""
    sdk, clew = twins()
    given = {"file": "x\udcff", "k\ud800": "v", "list": ["\ud800"]}
    for twin in (sdk, clew):
        twin.provider.get_tracer("t").start_span("s", attributes=given).end()
    assert not _only_span(sdk).attributes
    found = {item.key: item.value for item in _only_span(clew).attributes}
    assert found["file"].string_value == "x?"
    assert found["k?"].string_value == "v"
    assert found["list"].array_value.values[0].string_value == "?"


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63) - 1, 10**30])
def test_huge_int_is_sent_as_its_digits(number: int) -> None:
    """An int that the protocol has no place for arrives as text, and costs no other attribute."""
    sdk, clew = twins()
    for twin in (sdk, clew):
        twin.provider.get_tracer("t").start_span("s", attributes={"n": number, "ok": 1}).end()
    assert [item.key for item in _only_span(sdk).attributes] == ["ok"]
    found = {item.key: item.value for item in _only_span(clew).attributes}
    assert found["n"].string_value == str(number)
    assert found["ok"].int_value == 1


def test_int_past_the_digit_limit_costs_no_batch() -> None:
    """An int longer than Python turns into text arrives as something, and costs nothing else."""
    clew = ClewTwin()
    clew.provider.get_tracer("t").start_span("s", attributes={"n": 10**5000, "ok": 1}).end()
    found = {item.key: item.value for item in _only_span(clew).attributes}
    assert found["n"].string_value
    assert found["ok"].int_value == 1


def test_processor_may_change_the_span_while_it_ends() -> None:
    """What a processor sets in `_on_ending` is on the span, as the specification says."""

    class Stamps(sdk_trace.SpanProcessor):
        def _on_ending(self, span: Any) -> None:
            span.set_attribute("stamped", True)

    sdk, clew = twins()
    for twin in (sdk, clew):
        twin.provider.add_span_processor(Stamps())
        twin.provider.get_tracer("t").start_span("s").end()
    assert not _only_span(sdk).attributes
    assert _only_span(clew).attributes[0].key == "stamped"
