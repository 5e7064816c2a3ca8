"""Where the correlation id reaches: blocks, tasks, threads, spans, and the next service."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import baggage
from opentelemetry.context import Context, attach, detach

import clew as public
from clew import correlation
from tests.instrumentation.telemetry import Telemetry


def test_no_id_outside_a_request() -> None:
    """Outside any request or block there is no id."""
    assert contextvars.Context().run(public.correlation_id) is None


def test_bind() -> None:
    """Within `bind` the id is the given one, or a new one; after it, what it was before."""
    with public.bind_correlation_id("job-1") as one:
        assert (one, public.correlation_id()) == ("job-1", "job-1")
        assert baggage.get_baggage("correlation_id") == "job-1"
        with public.bind_correlation_id() as two:
            assert public.correlation_id() == two != one
        assert public.correlation_id() == "job-1"
    assert public.correlation_id() is None


def test_bind_replaces_what_is_not_valid() -> None:
    """An id that could not travel is replaced, so that the block works with one that can."""
    with public.bind_correlation_id("bad\nid") as made:
        assert correlation.is_valid(made)
        assert public.correlation_id() == made


def test_bind_ends_with_an_exception() -> None:
    """An exception leaves the block as it was found."""
    with pytest.raises(ValueError, match="x"), public.bind_correlation_id("job"):
        raise ValueError("x")
    assert public.correlation_id() is None


def test_bound_spans_carry_the_id(clew: Telemetry) -> None:
    """A span that is started within `bind` has the id, whatever the attribute limit."""
    with public.bind_correlation_id("job-2"):
        clew.runtime.tracer.start_span("work").end()
    assert clew.span().attributes["correlation_id"] == "job-2"


def test_no_room_for_attributes(
    make: Callable[..., Telemetry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an attribute limit of 0, starting a span within `bind` still works."""
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0")
    clew = make()
    with public.bind_correlation_id("job-3"):
        clew.runtime.tracer.start_span("work").end()
    assert clew.span().data.name == "work"


def test_tasks_and_threads() -> None:
    """Tasks inherit the id; a thread has it where the context is copied into it."""

    async def main() -> list[str | None]:
        with public.bind_correlation_id("job-4"):
            task = asyncio.create_task(asyncio.to_thread(public.correlation_id))
            alone: list[str | None] = []
            thread = threading.Thread(target=lambda: alone.append(public.correlation_id()))
            thread.start()
            thread.join()
            return [await task, *alone]

    assert asyncio.run(main()) == ["job-4", None]


def test_concurrent_requests_do_not_mix(clew: Telemetry) -> None:
    """Requests that take turns in one event loop each keep their own id."""
    from tests.instrumentation.asgi import exchange, scope, with_headers

    app = FastAPI()

    @app.get("/")
    async def ids() -> list[str | None]:
        found = []
        for _ in range(5):
            found.append(public.correlation_id())
            await asyncio.sleep(0)
        return found

    wrapped = clew.wrap(app)

    async def main() -> list[Any]:
        requests = [
            exchange(wrapped, scope(**with_headers({"X-Correlation-ID": f"id-{n}"})))
            for n in range(20)
        ]
        return await asyncio.gather(*requests)

    for number, response in enumerate(asyncio.run(main())):
        assert json.loads(response.body) == [f"id-{number}"] * 5
        assert response.correlation_id == f"id-{number}"


def test_propagator_round_trip() -> None:
    """What the propagator writes, it reads back; a settled id is not changed by what arrives."""
    propagator = correlation.CorrelationPropagator(["X-Correlation-ID", "X-Request-ID"])
    carrier: dict[str, str] = {}
    propagator.inject(carrier, correlation.with_id("a b", Context()))
    # The default getter looks names up as they are.
    assert carrier == {next(iter(propagator.fields)): "a b"}
    read = propagator.extract(carrier, Context())
    assert correlation.get(read) == "a b"
    settled = correlation.with_id("mine", Context())
    assert correlation.get(propagator.extract(carrier, settled)) == "mine"


def test_no_id_is_not_injected() -> None:
    """Without an id nothing is written, and nothing that arrives makes one up."""
    propagator = correlation.CorrelationPropagator(["X-Correlation-ID"])
    carrier: dict[str, str] = {}
    propagator.inject(carrier, Context())
    assert carrier == {}
    assert correlation.get(propagator.extract({}, Context())) is None


def test_baggage_alone_settles_the_id() -> None:
    """A message whose carrier has W3C baggage only still carries the thread on."""
    token = attach(Context())
    try:
        context = baggage.set_baggage("correlation_id", "from-baggage")
        propagator = correlation.CorrelationPropagator(["X-Correlation-ID"])
        assert correlation.get(propagator.extract({}, context)) == "from-baggage"
    finally:
        detach(token)
