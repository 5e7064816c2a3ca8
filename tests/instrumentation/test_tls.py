"""OTLP/HTTP over TLS: whom clew trusts, and who clew is."""

from __future__ import annotations

import ssl
from pathlib import Path

from clew.export._answer import Answer
from clew.export._transport import HttpTransport
from tests.instrumentation.endpoints import BODY, LONG, endpoint
from tests.support.otlp_sink import Answer as Reply
from tests.support.otlp_sink import otlp_sink


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
        assert [transport.send(BODY, LONG) for _ in range(8)] == [Answer()] * 8
        transport.close()
        assert len(sink.received) == 8


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
