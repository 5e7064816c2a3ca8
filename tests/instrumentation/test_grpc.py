"""OTLP over gRPC: the same bytes, the codes that are worth another try, and a server that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clew._config import Endpoint, Settings
from clew.export._answer import Answer
from tests.instrumentation.telemetry import Telemetry
from tests.support.processes import free_port

grpc = pytest.importorskip("grpc", reason="the extra clew[grpc]")

LONG, SHORT = 20.0, 0.05


class Collector:
    """A gRPC server that keeps what it gets; `answer` is called with each context."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes, dict[str, str]]] = []
        self.answer: Callable[[Any], bytes] = lambda context: b""

    def service(self, details: Any) -> Any:
        def export(body: bytes, context: Any) -> bytes:
            metadata = {key: value for key, value in context.invocation_metadata()}
            self.received.append((details.method, body, metadata))
            return self.answer(context)

        return grpc.unary_unary_rpc_method_handler(export)


@pytest.fixture
def collector() -> Collector:
    return Collector()


@pytest.fixture
def port(collector: Collector) -> Iterator[int]:
    yield from _serving(collector, None)


def _serving(collector: Collector, credentials: Any) -> Iterator[int]:
    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return collector.service(details)

    server = grpc.server(ThreadPoolExecutor(2), handlers=(Handler(),))
    address = "127.0.0.1:0"
    if credentials is None:
        bound = server.add_insecure_port(address)
    else:
        bound = server.add_secure_port(address, credentials)
    server.start()
    yield bound
    server.stop(None).wait(LONG)


def _endpoint(url: str, **settings: str) -> Endpoint:
    environ = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        **settings,
    }
    found = Settings.from_environ(environ).traces
    assert found is not None
    return found


def _send(url: str, timeout: float = LONG, **settings: str) -> Answer:
    from clew.export._grpc import GrpcTransport

    transport = GrpcTransport("traces", _endpoint(url, **settings))
    answer = transport.send(b"an encoded request", timeout)
    transport.close()
    return answer


def test_request(collector: Collector, port: int) -> None:
    """The bytes go to the service's Export method, with the configured headers as metadata."""
    url = f"http://127.0.0.1:{port}"
    assert _send(url, OTEL_EXPORTER_OTLP_HEADERS="X-Tenant=acme") == Answer()
    ((method, body, metadata),) = collector.received
    assert method == "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    assert body == b"an encoded request"
    assert metadata["x-tenant"] == "acme"


def test_compression(collector: Collector, port: int) -> None:
    """A compressed request arrives whole."""
    assert _send(f"http://127.0.0.1:{port}", OTEL_EXPORTER_OTLP_COMPRESSION="gzip") == Answer()
    assert collector.received[0][1] == b"an encoded request"


_RETRIED = {
    "CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS",
    "UNAUTHENTICATED", "PERMISSION_DENIED",
}  # fmt: skip


@pytest.mark.parametrize(
    "code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
)
def test_codes(code: Any, collector: Collector, port: int) -> None:
    """OTLP/gRPC, "Failures": which codes are worth another try."""
    collector.answer = lambda context: context.abort(code, "because")
    answer = _send(f"http://127.0.0.1:{port}")
    assert (answer.reason, answer.retry) == (f"grpc_{code.name.lower()}", code.name in _RETRIED)
    assert "because" in answer.detail


def test_exhausted_endpoint_that_will_recover(collector: Collector, port: int) -> None:
    """RESOURCE_EXHAUSTED is worth another try where the endpoint says so by RetryInfo."""

    def exhausted(context: Any) -> bytes:
        details = b"\x08\x08\x1a\x2a\x0a\x28type.googleapis.com/google.rpc.RetryInfo"
        context.set_trailing_metadata((("grpc-status-details-bin", details),))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "later")
        return b""

    collector.answer = exhausted
    assert _send(f"http://127.0.0.1:{port}").retry


def test_partial_success(collector: Collector, port: int) -> None:
    """What an accepted request lost is told, as with HTTP."""
    collector.answer = lambda context: b"\x0a\x02\x08\x05"
    assert _send(f"http://127.0.0.1:{port}") == Answer(rejected=5)


def test_nobody_listens() -> None:
    """Worth another try."""
    answer = _send(f"http://127.0.0.1:{free_port()}")
    assert (answer.reason, answer.retry) == ("grpc_unavailable", True)


def test_server_that_hangs(collector: Collector, port: int) -> None:
    """Given up after the timeout, and worth another try."""
    released = threading.Event()

    def hang(context: Any) -> bytes:
        released.wait(LONG)
        return b""

    collector.answer = hang
    answer = _send(f"http://127.0.0.1:{port}", SHORT)
    released.set()
    assert (answer.reason, answer.retry) == ("grpc_deadline_exceeded", True)


def test_garbage(collector: Collector, port: int) -> None:
    """A response that is no protobuf is an accepted request."""
    collector.answer = lambda context: b"\xff" * 1_000
    assert _send(f"http://127.0.0.1:{port}") == Answer()


def test_tls(collector: Collector, authority: Path) -> None:
    """A certificate of the configured authority is trusted; without it nothing is sent."""
    pair = ((authority / "server.key").read_bytes(), (authority / "server.pem").read_bytes())
    serving = _serving(collector, grpc.ssl_server_credentials([pair]))
    url = f"https://127.0.0.1:{next(serving)}"
    trusted = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority / "ca.pem")}
    assert _send(url, **trusted) == Answer()
    assert _send(url, 2.0).retry
    assert len(collector.received) == 1
    next(serving, None)


def test_all_signals(collector: Collector, port: int, make: Callable[..., Telemetry]) -> None:
    """A pipeline with this protocol sends all three signals to their services."""
    clew = make(
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
    )
    clew.runtime.tracer.start_span("s").end()
    clew.flush()
    methods = {method.split(".")[3] for method, _, _ in collector.received}
    assert {"trace", "metrics"} <= methods
