"""One request to one endpoint over HTTP: what every answer, and the lack of one, comes to."""

from __future__ import annotations

import gzip
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from clew._config import Endpoint, Settings
from clew.export._answer import Answer, rejected_items
from clew.export._transport import HttpTransport
from tests.support.otlp_sink import Answer as Reply
from tests.support.otlp_sink import Sink, otlp_sink
from tests.support.processes import free_port
from tests.support.raw_server import RawServer, raw_server

BODY = b"an encoded request"
# Where the answer comes: far longer than it takes. Where none comes: short.
LONG, SHORT = 20.0, 0.05


def endpoint(url: str, **settings: str) -> Endpoint:
    """The endpoint that the environment describes."""
    environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url, **settings}
    found = Settings.from_environ(environ).traces
    assert found is not None
    return found


@pytest.fixture
def send(sink: Sink) -> Iterator[Callable[..., Answer]]:
    """Sends the body to the sink, over one transport."""
    transport = HttpTransport(endpoint(f"{sink.url}/v1/traces?token=x"))
    yield lambda: transport.send(BODY, LONG)
    transport.close()


@pytest.fixture
def raw() -> Iterator[RawServer]:
    with raw_server() as server:
        yield server


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
        (400, False), (401, False), (404, False), (413, False), (415, False), (500, False),
        (501, False), (302, False), (429, True), (502, True), (503, True), (504, True),
    ],
)  # fmt: skip
def test_status_codes(
    status: int, retried: bool, send: Callable[[], Answer], sink: Sink
) -> None:
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


@given(st.integers(0, 1 << 62), st.text())
def test_any_partial_success_is_read(rejected: int, message: str) -> None:
    """The number of any partial success is read, with or without a message."""
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    response = ExportTraceServiceResponse(partial_success=partial)
    assert rejected_items(response.SerializeToString()) == rejected


@given(st.one_of(st.binary(max_size=40), st.binary(max_size=30).map(lambda b: b"\x0a\x20\x08" + b)))
@example(b"\n  <html>")
@example(b"\x0a" + b"\xff" * 60_000)
@example(b"\x0a\x7f\x08" + b"\xff" * 60_000)
@example(b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x01")
@example(b'{"partialSuccess":{"rejectedSpans":"3"}}')
def test_any_other_body_of_a_2xx(body: bytes) -> None:
    """A body that is no response at all is no loss: a number of 64 bits at most, never an error."""
    assert 0 <= rejected_items(body) < 1 << 63


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


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00\x01\x02\x03",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0",
    ],
    ids=lambda reply: repr(reply[:40]),
)
def test_answer_that_is_no_http(reply: bytes, raw: RawServer) -> None:
    """Nonsense is an endpoint that is away, or took the request: never an exception."""
    raw.reply = lambda: reply
    transport = HttpTransport(endpoint(raw.url))
    for _ in range(2):
        answer = transport.send(BODY, LONG)
        assert answer == Answer() or answer.reason
    transport.close()


_STATUS_LINES = st.one_of(
    st.binary(max_size=30),
    st.integers(0, 999).map(lambda code: b"HTTP/1.1 %d x" % code),
)
_HEADERS = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [
                b"Content-Length: 3", b"Content-Length: -1", b"Content-Length: x",
                b"Transfer-Encoding: chunked", b"Connection: keep-alive", b"Connection: close",
                b"Retry-After: 1", b"Retry-After: " + b"9" * 400, b"Content-Encoding: gzip",
                b" folded", b"No colon",
            ]
        ),
    ),
    max_size=4,
)  # fmt: skip


def test_any_bytes_as_an_answer(raw: RawServer) -> None:
    """Whatever bytes come back: an Answer, and the next request is sent all the same."""
    transport = HttpTransport(endpoint(raw.url))

    @given(_STATUS_LINES, _HEADERS, st.binary(max_size=20))
    def answers(status: bytes, headers: list[bytes], body: bytes) -> None:
        raw.reply = lambda: b"\r\n".join([status, *headers, b"", body])
        answer = transport.send(BODY, LONG)
        assert isinstance(answer, Answer)
        assert answer.rejected >= 0
        assert not answer.retry or answer.reason

    answers()
    raw.reply = lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    assert transport.send(BODY, LONG) == Answer()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA, and a server's certificate for 127.0.0.1 that it signed."""
    return make_authority(tmp_path_factory.mktemp("tls"))


def make_authority(folder: Path) -> Path:
    import shutil
    import subprocess

    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the program openssl makes the certificates")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True, timeout=60)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run(*new, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA")
    for name in ("server", "client"):
        run(
            *new, "-days", "2", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-subj", f"/CN={name}", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
        )  # fmt: skip
    return folder


def _server_context(authority: Path, *, asks: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority / "ca.pem")
    return context


def test_tls(authority: Path) -> None:
    """A certificate of the configured authority is trusted, also after the endpoint closed."""
    with otlp_sink(_server_context(authority)) as sink:
        made = endpoint(
            sink.url + "/v1/traces", OTEL_EXPORTER_OTLP_CERTIFICATE=str(authority / "ca.pem")
        )
        transport = HttpTransport(made)
        sink.answer = lambda request: Reply(close=True)
        assert [transport.send(BODY, LONG) for _ in range(2)] == [Answer(), Answer()]
        transport.close()
        assert len(sink.received) == 2


def test_tls_of_a_stranger(authority: Path) -> None:
    """A certificate that nobody vouches for is not trusted, and nothing is sent."""
    with otlp_sink(_server_context(authority)) as sink:
        answer = HttpTransport(endpoint(sink.url + "/v1/traces")).send(BODY, LONG)
        assert (answer.reason, answer.retry) == ("unreachable", True)
        assert "CERTIFICATE_VERIFY_FAILED" in answer.detail
        assert sink.received == []


def test_tls_with_a_client_certificate(authority: Path) -> None:
    """An endpoint that asks for a certificate gets the configured one, and refuses none."""
    with otlp_sink(_server_context(authority, asks=True)) as sink:
        trusted = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority / "ca.pem")}
        own = {
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(authority / "client.pem"),
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(authority / "client.key"),
        }
        url = sink.url + "/v1/traces"
        without = HttpTransport(endpoint(url, **trusted)).send(BODY, LONG)
        assert without.retry
        with_own = HttpTransport(endpoint(url, **trusted, **own)).send(BODY, LONG)
        assert with_own == Answer()
