"""What one caller's requests share is encoded once, and changes of one request stay that one's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource

from clew.export._spans import SpanEncoder
from tests.instrumentation.asgi import LAST, START, exchange, scope, sends, with_headers
from tests.instrumentation.telemetry import Telemetry

AGENT = "user_agent.original"


def _three(app: Any) -> None:
    async def main() -> None:
        for _ in range(3):
            await exchange(app, scope(**with_headers({"User-Agent": "curl/8"})))

    asyncio.run(main())


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_changed_attribute_is_that_requests_own(clew: Telemetry, which: int) -> None:
    """Set again by the application, it is there once, and the neighbours keep theirs."""
    seen = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal seen
        if seen == which:
            trace.get_current_span().set_attribute(AGENT, "mine")
        seen += 1
        await sends(START, LAST)(scope, receive, send)

    _three(clew.wrap(app))
    for number, span in enumerate(clew.spans()):
        keys = [pair.key for pair in span.data.attributes]
        assert len(keys) == len(set(keys))
        assert span.attributes[AGENT] == ("mine" if number == which else "curl/8")


def test_shared_or_not_makes_no_difference_on_the_wire(clew: Telemetry) -> None:
    """The bytes are those of a span that shares nothing."""
    _three(clew.wrap(sends(START, LAST)))
    encoder = SpanEncoder(Resource({}))
    spans = list(clew.runtime.pipeline.spans.take())
    assert spans
    shared = [encoder.encode([span]) for span in spans]
    for span in spans:
        assert span._shared is not None
        span._shared = None
    assert [encoder.encode([span]) for span in spans] == shared


def test_callers_are_told_apart(clew: Telemetry) -> None:
    """Every part of what is shared is part of what is looked up."""
    different = [
        {},
        {"method": "POST"},
        {"scheme": "https"},
        {"http_version": "2"},
        {"client": ("192.0.2.8", 50_000)},
        {"client": ("192.0.2.7", 50_001)},
        with_headers({"User-Agent": "curl/9"}),
        {"headers": [(b"host", b"other.example")]},
    ]
    app = clew.wrap(sends(START, LAST))

    async def main() -> None:
        for _ in range(2):
            for own in different:
                await exchange(app, scope(**own))

    asyncio.run(main())
    found = [
        tuple(
            span.attributes.get(key)
            for key in ("http.request.method", "url.scheme", "network.protocol.version",
                        "client.address", "network.peer.port", AGENT, "server.address")
        )
        for span in clew.spans()
    ]  # fmt: skip
    assert len(set(found)) == len(different)
    assert found[: len(different)] == found[len(different) :]
