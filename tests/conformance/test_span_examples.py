"""Single cases that random programs seldom reach, each run against the SDK and against clew."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.trace import Link, Status, StatusCode

from tests.conformance.compare import same_spans
from tests.conformance.pairs import run_both, spans_of
from tests.conformance.twins import ClewTwin, SdkTwin


def test_time_zero_is_a_time() -> None:
    """A start or end time of 0 is kept, not taken for "now"."""

    def program(provider: TracerProvider) -> None:
        provider.get_tracer("t").start_span("s", start_time=0).end(0)

    (span,) = spans_of(run_both(program))
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (0, 0)


def test_key_that_is_no_text() -> None:
    """set_attribute drops and counts such a key; set_attributes takes it as text."""

    def program(provider: TracerProvider) -> None:
        span: Any = provider.get_tracer("t").start_span("s")
        span.set_attribute(5, "dropped")
        span.set_attributes({6: "kept", "": "dropped", True: None})
        span.end()

    (span,) = spans_of(run_both(program))
    assert [item.key for item in span.attributes] == ["6", "True"]
    assert span.dropped_attributes_count == 2


def test_key_that_is_set_again_is_the_newest() -> None:
    """Setting a key again moves it to the end, so that others are dropped before it."""

    def program(provider: TracerProvider) -> None:
        span: Any = provider.get_tracer("t").start_span("s")
        for key in "abacd":
            span.set_attribute(key, key)
        span.end()

    (span,) = spans_of(run_both(program, limits=SpanLimits(max_span_attributes=3)))
    assert [item.key for item in span.attributes] == ["a", "c", "d"]
    assert span.dropped_attributes_count == 1


def test_status_of_another_type_is_ignored() -> None:
    """set_status with something else than a status changes nothing and raises nothing."""

    def program(provider: TracerProvider) -> None:
        span: Any = provider.get_tracer("t").start_span("s")
        span.set_status("OK")
        span.set_status(None)
        span.end()

    run_both(program)


def test_ok_is_final_and_unset_takes_nothing_back() -> None:
    """After OK no error; after an error neither UNSET nor silence, but OK."""

    def program(provider: TracerProvider) -> None:
        tracer = provider.get_tracer("t")
        for codes in (
            (StatusCode.ERROR, StatusCode.UNSET),
            (StatusCode.ERROR, StatusCode.OK),
            (StatusCode.OK, StatusCode.ERROR),
        ):
            span = tracer.start_span("s")
            for code in codes:
                span.set_status(Status(code))
            span.end()

    found = [span.status.code for span in spans_of(run_both(program))]
    assert found == [2, 1, 1]


def test_escaping_base_exceptions() -> None:
    """Control-flow exceptions end the span as in the SDK."""

    class Stop(BaseException):
        pass

    def program(provider: TracerProvider) -> None:
        tracer = provider.get_tracer("t")
        for error in (Stop("x"), GeneratorExit(), ValueError("boom")):
            for inside in (tracer.start_as_current_span("c"), tracer.start_span("w")):
                with pytest.raises(type(error)), inside:
                    raise error

    run_both(program)


@pytest.mark.parametrize(
    "limits",
    [
        {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "2"},
        {"OTEL_ATTRIBUTE_COUNT_LIMIT": "1"},
        {"OTEL_ATTRIBUTE_COUNT_LIMIT": "0"},
        {"OTEL_SPAN_EVENT_COUNT_LIMIT": "1", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "1"},
        {"OTEL_SPAN_LINK_COUNT_LIMIT": "1", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "0"},
        {"OTEL_SPAN_EVENT_COUNT_LIMIT": "0", "OTEL_SPAN_LINK_COUNT_LIMIT": "0"},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3"},
        {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "2"},
    ],
    ids=lambda limits: ",".join(f"{key}={value}" for key, value in limits.items()),
)
def test_limits_from_the_environment(
    limits: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each OTEL_*_LIMIT variable limits what the SDK limits by it."""
    for key, value in limits.items():
        monkeypatch.setenv(key, value)
    many = {"a": "long text", "b": ["long", "texts"], "c": {"d": "long text"}}

    def program(provider: TracerProvider) -> None:
        other = trace.SpanContext(7, 8, is_remote=False)
        links = [Link(other, many), Link(other, many)]
        with provider.get_tracer("t").start_as_current_span("s", None, attributes=many) as span:
            span.set_attribute("e", "long text")
            span.add_event("one", many, 1)
            span.add_event("two", many, 2)
            for link in links:
                span.add_link(link.context, link.attributes)
        provider.get_tracer("t").start_span("linked", links=links).end()

    run_both(program)


def test_attributes_are_copied() -> None:
    """What the caller changes after handing it over does not change the span."""

    def program(provider: TracerProvider) -> None:
        given: dict[str, Any] = {"list": [1], "map": {"k": [1]}}
        span = provider.get_tracer("t").start_span("s", attributes=given)
        one = [1]
        span.set_attribute("one", one)
        span.add_event("e", given, 1)
        one.append(2)
        given["list"].append(2)
        given["map"]["k"].append(2)
        given["new"] = 1
        span.end()

    run_both(program)


def test_twins_differ_where_they_should() -> None:
    """The comparison itself can fail: two different programs are not the same."""
    sdk, clew = SdkTwin(), ClewTwin()
    sdk.provider.get_tracer("t").start_span("s", attributes={"a": 1}).end()
    clew.provider.get_tracer("t").start_span("s", attributes={"a": 2}).end()
    with pytest.raises(AssertionError):
        same_spans(sdk.exported(), clew.exported())
