"""One request to one endpoint over HTTP: what every answer, and the lack of one, comes to."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from clew.export._answer import Answer
from clew.export._transport import HttpTransport
from tests.instrumentation.endpoints import BODY, LONG, SHORT, endpoint
from tests.support.otlp_sink import Answer as Reply
from tests.support.otlp_sink import Sink
from tests.support.processes import free_port
from tests.support.raw_server import RawServer


@pytest.fixture
def send(sink: Sink) -> Iterator[Callable[..., Answer]]:
    """Sends the body to the sink, over one transport."""
    transport = HttpTransport(endpoint(f"{sink.url}/v1/traces?token=x"))
    yield lambda: transport.send(BODY, LONG)
    transport.close()


def test_request(send: Callable[[], Answer], sink: Sink) -> None:
    """The body goes as protobuf by POST to the whole URL, and is accepted."""
    assert send() == Answer()
    (request,) = sink.received
    assert (request.path, request.body) == ("/v1/traces?token=x", BODY)
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["user-agent"].startswith("clew/")


@pytest.mark.parametrize(
    ("status", "retried"),
    [
        (400, False), (401, True), (403, True), (407, True), (404, False), (413, False),
        (415, False), (500, False), (501, False), (302, False), (429, True), (502, True),
        (503, True), (504, True),
    ],
)  # fmt: skip
def test_status_codes(status: int, retried: bool, send: Callable[[], Answer], sink: Sink) -> None:
    """OTLP/HTTP, "Retryable Response Codes": these four are worth another try, others final."""
    sink.answer = lambda request: Reply(status)
    answer = send()
    assert (answer.reason, answer.retry) == (f"http_{status}", retried)
    assert str(status) in answer.detail


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_every_2xx_is_accepted(status: int, send: Callable[[], Answer], sink: Sink) -> None:
    """Any 2xx means that the endpoint took the request."""
    sink.answer = lambda request: Reply(status)
    assert send() == Answer()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("-1", None), ("soon", None), ("1.5", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("", None), ("\xb2", None),
    ],
)  # fmt: skip
def test_retry_after(
    header: str, seconds: float | None, send: Callable[[], Answer], sink: Sink
) -> None:
    """Retry-After in seconds is obeyed; another form leaves the pause to the backoff."""
    sink.answer = lambda request: Reply(503, {"Retry-After": header})
    assert send().retry_after == seconds


def test_partial_success(send: Callable[[], Answer], sink: Sink) -> None:
    """What an accepted request lost is told."""
    partial = ExportTracePartialSuccess(rejected_spans=3, error_message="too old")
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    sink.answer = lambda request: Reply(body=body)
    assert send() == Answer(rejected=3)


def test_connection_is_kept(send: Callable[[], Answer], sink: Sink) -> None:
    """Requests that follow each other share a connection, refused ones too."""
    statuses = iter((200, 503, 400, 200))
    sink.answer = lambda request: Reply(next(statuses), body=b"text" * 10)
    for _ in range(4):
        send()
    assert len({request.client for request in sink.received}) == 1


@pytest.mark.parametrize("told", [True, False], ids=["Connection: close", "without a word"])
def test_connection_closed_between_requests(
    told: bool, send: Callable[[], Answer], sink: Sink
) -> None:
    """An endpoint that closes the idle connection costs no request and no retry."""
    headers = {"Connection": "close"} if told else {}
    sink.answer = lambda request: Reply(headers=headers, close=True)
    assert [send() for _ in range(3)] == [Answer()] * 3
    assert len({request.client for request in sink.received}) == 3


def test_long_answer_costs_the_connection_not_the_request(
    send: Callable[[], Answer], sink: Sink
) -> None:
    """A body beyond what is read is not waited for."""
    sink.answer = lambda request: Reply(body=b"x" * 200_000)
    assert [send(), send()] == [Answer(), Answer()]


def test_gzip(sink: Sink) -> None:
    """With compression the body is gzip, and says so."""
    made = endpoint(sink.url + "/v1/traces", OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    transport = HttpTransport(made)
    assert transport.send(BODY, LONG) == Answer()
    transport.close()
    (request,) = sink.received
    assert request.headers["content-encoding"] == "gzip"
    assert request.body == BODY  # which the sink has decompressed
    assert len(gzip.compress(BODY)) != len(BODY)


def test_headers_and_password(sink: Sink) -> None:
    """Configured headers are sent; a password in the URL is sent as basic authentication."""
    url = sink.url.replace("//", "//me:secret@") + "/v1/traces"
    transport = HttpTransport(endpoint(url, OTEL_EXPORTER_OTLP_HEADERS="x-tenant=acme%20inc"))
    assert transport.send(BODY, LONG) == Answer()
    transport.close()
    headers = sink.received[0].headers
    assert headers["x-tenant"] == "acme inc"
    assert headers["authorization"] == "Basic bWU6c2VjcmV0"


def test_connection_refused() -> None:
    """Nobody listens: worth another try."""
    answer = HttpTransport(endpoint(f"http://127.0.0.1:{free_port()}/")).send(BODY, LONG)
    assert (answer.reason, answer.retry) == ("unreachable", True)


def test_unknown_host() -> None:
    """A name that does not resolve: worth another try."""
    answer = HttpTransport(endpoint("http://nowhere.invalid:4318/")).send(BODY, LONG)
    assert (answer.reason, answer.retry) == ("unreachable", True)


def test_endpoint_that_never_answers(raw: RawServer) -> None:
    """A black hole is given up after the timeout, and tried again on a new connection."""
    raw.go_on.clear()
    transport = HttpTransport(endpoint(raw.url))
    answer = transport.send(BODY, SHORT)
    assert (answer.reason, answer.retry) == ("timeout", True)
    raw.reply = lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    raw.go_on.set()
    assert transport.send(BODY, LONG) == Answer()
    assert raw.connections == 2


def test_endpoint_that_never_accepts() -> None:
    """A listener whose queue is never served is given up after the timeout."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        answer = HttpTransport(endpoint(url)).send(b"x" * 10_000_000, SHORT)
    assert (answer.reason, answer.retry) == ("timeout", True)
