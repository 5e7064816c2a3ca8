"""The drills' endpoint: it can be there, away, and silent, and keeps what it took."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from benchmarks.outage._arrived import arrived
from benchmarks.outage._endpoint import Endpoint, Reply, SilentPort, hang
from clew._config import Settings
from clew._runtime import Runtime


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    it = Endpoint().open()
    yield it
    it.end()


def _post(endpoint: Endpoint, timeout: float = 5.0) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=timeout)
    try:
        connection.request("POST", "/v1/traces", b"")
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_keeps_what_it_accepts(endpoint: Endpoint) -> None:
    """2xx is kept, anything else is not, and either way the request is numbered."""
    assert _post(endpoint) == 200
    endpoint.answer = lambda number: Reply(503)
    assert _post(endpoint) == 503
    assert (len(endpoint.kept), endpoint.requests) == (1, 2)


def test_it_goes_away_and_comes_back(endpoint: Endpoint) -> None:
    """Closed, it refuses connections and cuts those it had; opened again, it answers."""
    kept_alive = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=5)
    kept_alive.request("POST", "/v1/logs", b"")
    kept_alive.getresponse().read()
    endpoint.close()
    with pytest.raises(ConnectionError):
        _post(endpoint)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        kept_alive.sock.sendall(b"POST /v1/logs HTTP/1.1\r\n\r\n")
        kept_alive.sock.sendall(b"x")
        kept_alive.getresponse()
    kept_alive.close()
    endpoint.open()
    assert _post(endpoint) == 200


def test_a_hanging_endpoint_keeps_nothing(endpoint: Endpoint) -> None:
    """It takes the connection and never answers."""
    endpoint.answer = hang
    with pytest.raises(TimeoutError):
        _post(endpoint, timeout=0.2)
    assert endpoint.kept == []


def test_a_silent_port_neither_accepts_nor_refuses(endpoint: Endpoint) -> None:
    """Connecting to it runs into the caller's timeout."""
    endpoint.close()
    silent = SilentPort(endpoint.port)
    try:
        with pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", endpoint.port), timeout=0.2)
    finally:
        silent.close()


def test_copies_are_told_from_arrivals(endpoint: Endpoint) -> None:
    """A request that is sent twice gives each span once, and a count of the copies."""
    settings = Settings.from_environ(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint.url, "CLEW_SPOOL_DIR": "off"}
    )
    runtime = Runtime(settings)
    runtime.pipeline.start()
    from opentelemetry.trace import SpanKind

    for number in range(3):
        with runtime.tracer.start_as_current_span(
            "GET", kind=SpanKind.SERVER, attributes={"url.path": f"/items/{number}"}
        ):
            pass
    assert runtime.flush(20)
    runtime.stop()
    once = arrived(endpoint.kept)
    assert (sorted(once.spans), once.copies) == ([0, 1, 2], 0)
    twice = arrived([*endpoint.kept, *endpoint.kept])
    assert (twice.spans, twice.copies) == (once.spans, 3)
