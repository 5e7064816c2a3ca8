"""OTLP/HTTP over TLS: whom clew trusts, and who clew is."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from clew.export._answer import Answer
from clew.export._transport import HttpTransport
from tests.instrumentation.endpoints import BODY, LONG, endpoint
from tests.instrumentation.telemetry import Telemetry
from tests.instrumentation.turns import Clock
from tests.support.otlp_sink import Answer as Reply
from tests.support.otlp_sink import otlp_sink
from tests.support.tls import make_authority


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


def _end(folder: Path) -> int:
    """When the server's certificate there ends, as openssl tells it, in s since the epoch."""
    command = ["openssl", "x509", "-noout", "-enddate", "-in", "server.pem"]
    told = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return ssl.cert_time_to_seconds(told.stdout.strip().removeprefix("notAfter="))


def test_the_end_of_a_verified_certificate_is_exported(
    authority: Path, make: Callable[..., Telemetry]
) -> None:
    """By signal and place; of an endpoint without TLS nothing is said."""
    with otlp_sink(_server_context(authority)) as secure:
        clew = make(
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=secure.url + "/v1/traces",
            OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE=str(authority / "ca.pem"),
        )
        clew.runtime.tracer.start_span("s").end()
        clew.flush()
        clew.flush()
        [point] = clew.points("clew.export.certificate.not_after")
    assert point.number == _end(authority)
    assert point.attributes == {
        "clew.signal": "traces",
        "server.address": "127.0.0.1",
        "server.port": int(secure.url.rpartition(":")[2]),
    }


def test_a_renewed_certificate_is_seen_within_the_hour(authority: Path, tmp_path: Path) -> None:
    """A connection that is always busy ends some time; what is not verified is not believed."""
    context, clock = _server_context(authority), Clock()
    with otlp_sink(context) as sink:
        made = endpoint(
            sink.url + "/v1/traces", OTEL_EXPORTER_OTLP_CERTIFICATE=str(authority / "ca.pem")
        )
        transport = HttpTransport(made, clock)
        assert transport.not_after is None
        assert transport.send(BODY, LONG) == Answer()
        stranger = make_authority(tmp_path, days=9)
        context.load_cert_chain(stranger / "server.pem", stranger / "server.key")
        clock.now += 3_599
        assert transport.send(BODY, LONG) == Answer()
        clock.now += 2
        assert transport.send(BODY, LONG).reason == "unreachable"
        assert transport.not_after == _end(authority) != _end(stranger)
        transport = HttpTransport(
            endpoint(
                sink.url + "/v1/traces", OTEL_EXPORTER_OTLP_CERTIFICATE=str(stranger / "ca.pem")
            )
        )
        assert transport.send(BODY, LONG) == Answer()
        assert transport.not_after == _end(stranger)
        transport.close()


@pytest.mark.parametrize("told", [{}, {"notAfter": "some day"}, None, OSError("gone")])
def test_a_certificate_that_cannot_be_read_breaks_nothing(
    authority: Path, monkeypatch: pytest.MonkeyPatch, told: object
) -> None:
    """What was to be sent arrives, and no end is told."""

    def getpeercert(connected: ssl.SSLSocket) -> object:
        if isinstance(told, Exception):
            raise told
        return told

    monkeypatch.setattr(ssl.SSLSocket, "getpeercert", getpeercert)
    with otlp_sink(_server_context(authority)) as sink:
        made = endpoint(
            sink.url + "/v1/traces", OTEL_EXPORTER_OTLP_CERTIFICATE=str(authority / "ca.pem")
        )
        transport = HttpTransport(made)
        assert (transport.send(BODY, LONG), transport.not_after) == (Answer(), None)
        transport.close()
