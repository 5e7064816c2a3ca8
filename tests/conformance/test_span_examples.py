"""Single cases that random programs seldom reach, each run against the SDK and against clew."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import TracerProvider, _disable_tracer_configurator
from opentelemetry.trace import Link, Status, StatusCode

from tests.conformance.compare import same_spans
from tests.conformance.twins import ClewTwin, SdkTwin, twins

Program = Callable[[TracerProvider], Any]


def _same(program: Program, **options: Any) -> Any:
    """Run `program` on both, compare, and return what clew exported."""
    sdk, clew = twins(**options)
    assert program(clew.provider) == program(sdk.provider)
    exported = clew.exported()
    same_spans(sdk.exported(), exported)
    return exported


def _spans(exported: Any) -> list[Any]:
    return [s for r in exported.resource_spans for scope in r.scope_spans for s in scope.spans]


def test_time_zero_is_a_time() -> None:
    """A start or end time of 0 is kept, not taken for "now"."""

    def program(provider: TracerProvider) -> None:
        provider.get_tracer("t").start_span("s", start_time=0).end(0)

    (span,) = _spans(_same(program))
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (0, 0)


def test_key_that_is_no_text() -> None:
    """set_attribute drops and counts such a key; set_attributes takes it as text."""

    def program(provider: TracerProvider) -> None:
        span: Any = provider.get_tracer("t").start_span("s")
        span.set_attribute(5, "dropped")
        span.set_attributes({6: "kept", "": "dropped", True: None})
        span.end()

    (span,) = _spans(_same(program))
    assert [item.key for item in span.attributes] == ["6", "True"]
    assert span.dropped_attributes_count == 2


def test_status_of_another_type_is_ignored() -> None:
    """set_status with something else than a status changes nothing and raises nothing."""

    def program(provider: TracerProvider) -> None:
        span: Any = provider.get_tracer("t").start_span("s")
        span.set_status("OK")
        span.set_status(None)
        span.end()

    _same(program)


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

    found = [span.status.code for span in _spans(_same(program))]
    assert found == [2, 1, 1]


def test_threads_and_their_contexts() -> None:
    """A span of another thread has the parent of the context that was carried there, else none."""

    def program(provider: TracerProvider) -> None:
        tracer = provider.get_tracer("t")

        def work(name: str) -> None:
            tracer.start_span(name, start_time=1).end(2)

        with tracer.start_as_current_span("outer"):
            carried = contextvars.copy_context()
            for target in (lambda: carried.run(work, "carried"), lambda: work("alone")):
                thread = threading.Thread(target=target)
                thread.start()
                thread.join()

    carried, alone, outer = _spans(_same(program))
    assert carried.parent_span_id == outer.span_id
    assert alone.parent_span_id == b""


def test_tasks_inherit_and_do_not_disturb_each_other() -> None:
    """Tasks that take turns each see their own span as the current one."""

    def program(provider: TracerProvider) -> None:
        tracer = provider.get_tracer("t")

        async def work(name: str, mine: asyncio.Event, other: asyncio.Event) -> None:
            with tracer.start_as_current_span(name):
                other.set()
                await mine.wait()
                tracer.start_span(f"in {name}").end()

        async def main() -> None:
            first, second = asyncio.Event(), asyncio.Event()
            with tracer.start_as_current_span("root"):
                await asyncio.gather(work("a", first, second), work("b", second, first))

        asyncio.run(main())

    spans = {span.name: span for span in _spans(_same(program))}
    assert spans["in a"].parent_span_id == spans["a"].span_id
    assert spans["in b"].parent_span_id == spans["b"].span_id
    assert spans["a"].parent_span_id == spans["b"].parent_span_id == spans["root"].span_id


def test_baggage_stays_in_the_context() -> None:
    """Baggage travels with the context and is no attribute of a span."""

    def program(provider: TracerProvider) -> Any:
        token = context.attach(baggage.set_baggage("tenant", "acme"))
        try:
            with provider.get_tracer("t").start_as_current_span("s"):
                return baggage.get_baggage("tenant")
        finally:
            context.detach(token)

    _same(program)


def test_disabled_tracer_makes_no_spans() -> None:
    """A tracer that the configurator disables passes its parent on and records nothing."""

    def program(provider: TracerProvider) -> Any:
        with provider.get_tracer("t").start_as_current_span("s") as span:
            return span.is_recording(), trace.get_current_span().get_span_context()

    assert not _spans(_same(program, configurator=_disable_tracer_configurator))


def test_same_scope_same_tracer() -> None:
    """A tracer is made once for each scope, and spans are grouped by it."""

    def program(provider: TracerProvider) -> Any:
        one, again = provider.get_tracer("a", "1"), provider.get_tracer("a", "1")
        other = provider.get_tracer("a", "2")
        for tracer in (one, other, again):
            tracer.start_span("s").end()
        return one is again, one is other

    exported = _same(program)
    assert [len(scope.spans) for scope in exported.resource_spans[0].scope_spans] == [2, 1]


def test_tracer_without_a_name() -> None:
    """A tracer without a name works."""
    _same(lambda provider: provider.get_tracer("").start_span("s").end())


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

    _same(program)


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

    _same(program)


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

    _same(program)


def test_many_threads_lose_nothing() -> None:
    """Spans, attributes and events that many threads make at once are all there."""
    clew = ClewTwin()
    tracer = clew.provider.get_tracer("t")
    shared = tracer.start_span("shared")
    ready = threading.Barrier(8)

    def work(number: int) -> None:
        ready.wait(10)
        for turn in range(200):
            tracer.start_span(f"{number}").end()
            if turn < 12:
                shared.add_event(f"{number}.{turn}")
                shared.set_attribute(f"{number}.{turn}", turn)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared.end()
    spans = _spans(clew.exported())
    assert len(spans) == 8 * 200 + 1
    assert len(spans[-1].events) == len({event.name for event in spans[-1].events}) == 96
    assert len(spans[-1].attributes) == 96


def test_twins_differ_where_they_should() -> None:
    """The comparison itself can fail: two different programs are not the same."""
    sdk, clew = SdkTwin(), ClewTwin()
    sdk.provider.get_tracer("t").start_span("s", attributes={"a": 1}).end()
    clew.provider.get_tracer("t").start_span("s", attributes={"a": 2}).end()
    with pytest.raises(AssertionError):
        same_spans(sdk.exported(), clew.exported())
