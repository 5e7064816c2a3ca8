"""Spans across threads, tasks, scopes and tracers: each case run against the SDK and clew."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import TracerProvider, _disable_tracer_configurator

from tests.conformance.pairs import run_both, spans_of
from tests.conformance.twins import ClewTwin


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

    carried, alone, outer = spans_of(run_both(program))
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

    spans = {span.name: span for span in spans_of(run_both(program))}
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

    run_both(program)


def test_disabled_tracer_makes_no_spans() -> None:
    """A tracer that the configurator disables passes its parent on and records nothing."""

    def program(provider: TracerProvider) -> Any:
        with provider.get_tracer("t").start_as_current_span("s") as span:
            return span.is_recording(), trace.get_current_span().get_span_context()

    assert not spans_of(run_both(program, configurator=_disable_tracer_configurator))


def test_same_scope_same_tracer() -> None:
    """A tracer is made once for each scope, and spans are grouped by it."""

    def program(provider: TracerProvider) -> Any:
        one, again = provider.get_tracer("a", "1"), provider.get_tracer("a", "1")
        other = provider.get_tracer("a", "2")
        for tracer in (one, other, again):
            tracer.start_span("s").end()
        return one is again, one is other

    exported = run_both(program)
    assert [len(scope.spans) for scope in exported.resource_spans[0].scope_spans] == [2, 1]


def test_tracer_without_a_name() -> None:
    """A tracer without a name works."""
    run_both(lambda provider: provider.get_tracer("").start_span("s").end())


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
    spans = spans_of(clew.exported())
    assert len(spans) == 8 * 200 + 1
    assert len(spans[-1].events) == len({event.name for event in spans[-1].events}) == 96
    assert len(spans[-1].attributes) == 96
