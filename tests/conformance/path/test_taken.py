"""What the compiled path takes, and what it leaves to Python, unchanged."""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from typing import Any

import pytest
from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanProcessor

from tests.conformance.path.bench import (
    ASGI_LEFT,
    ASGI_TAKEN,
    URLS_LEFT,
    URLS_TAKEN,
    WSGI_LEFT,
    WSGI_TAKEN,
    Bench,
)
from tests.conformance.path.calls import (
    AROUND,
)

pytest.importorskip("clew._path_native", reason="clew was installed without a compiler")


@pytest.mark.parametrize("scope", ASGI_TAKEN.values(), ids=ASGI_TAKEN)
def test_a_common_asgi_request_is_taken(bench: Bench, scope: Any) -> None:
    """And so is its end, so that both are compared at all."""
    made = bench.asgi(scope)
    assert made is not None
    made.status, made._end = 200, time_ns()
    assert bench.asgi_path.finish(made, bench.server) is True
    assert bench.buffer.take() == [made.span]


@pytest.mark.parametrize("scope", ASGI_LEFT.values(), ids=ASGI_LEFT)
def test_an_asgi_request_that_is_left_to_python_has_changed_nothing(
    bench: Bench, scope: Any
) -> None:
    """Neither is it counted as begun, nor is there an error."""
    before, given = bench.side.active(), dict(scope)
    assert bench.asgi(scope) is None
    assert (bench.side.active(), scope, len(bench.buffer)) == (before, given, 0)


@pytest.mark.parametrize("environ", WSGI_TAKEN.values(), ids=WSGI_TAKEN)
def test_a_common_wsgi_request_is_taken(bench: Bench, environ: Any) -> None:
    """And so is its end."""
    made = bench.wsgi(environ)
    assert made is not None
    made.status = 200
    assert bench.wsgi_path.end(made, "/users/<id>", time_ns(), bench.server) is True
    assert bench.buffer.take() == [made.span]


@pytest.mark.parametrize("environ", WSGI_LEFT.values(), ids=WSGI_LEFT)
def test_a_wsgi_request_that_is_left_to_python_has_changed_nothing(
    bench: Bench, environ: Any
) -> None:
    """Neither is it counted as begun, nor is there an error."""
    before, given = bench.side.active(), dict(environ)
    assert bench.wsgi(environ) is None
    assert (bench.side.active(), environ, len(bench.buffer)) == (before, given, 0)


@pytest.mark.parametrize("url", URLS_TAKEN)
def test_a_common_call_is_taken(bench: Bench, url: str) -> None:
    """Within a request; and so is its end."""
    made = within(bench.handler, lambda: bench.client(url))
    assert made is not None
    assert bench.client_path.end_client(made, time_ns(), 200, bench.server) is True
    assert bench.buffer.take() == [made._span]


@pytest.mark.parametrize("url", URLS_LEFT)
def test_a_call_that_is_left_to_python_has_changed_nothing(bench: Bench, url: Any) -> None:
    """No header is set."""
    headers: dict[str, str] = {}
    assert within(bench.handler, lambda: bench.client(url, headers)) is None
    assert not headers


@pytest.mark.parametrize("around", AROUND[4:16] + AROUND[-1:])
def test_a_call_elsewhere_is_left_to_python(bench: Bench, around: Any) -> None:
    """Outside of a request, in one that is not sampled, with baggage of somebody's own."""
    assert within(around(bench.runtime), bench.client) is None


def test_a_stranger_is_left_to_python() -> None:
    """What a caller says that is not trusted is kept as a link, and not continued."""
    bench = Bench(CLEW_TRUSTED_NETWORKS="10.0.0.0/8")
    assert (bench.asgi(), bench.wsgi()) == (None, None)


def test_within_a_context_an_asgi_request_is_left_to_python(bench: Bench) -> None:
    """A WSGI request, which begins with none, is not."""
    assert within(bench.handler, bench.asgi) is None
    assert within(bench.handler, bench.wsgi) is not None


def test_with_a_span_processor_all_is_left_to_python() -> None:
    """Whenever it was added: it is to be told of the beginning and of the end."""
    bench = Bench()
    begun = bench.asgi()
    begun.status = begun._end = 200
    bench.runtime.tracer_provider.add_span_processor(SpanProcessor())
    assert bench.asgi_path.finish(begun, bench.server) is False
    assert (bench.asgi(), bench.wsgi()) == (None, None)
    assert within(bench.handler, bench.client) is None


def within(current: Context, do: Callable[[], Any]) -> Any:
    token = context_api.attach(current)
    try:
        return do()
    finally:
        context_api.detach(token)
