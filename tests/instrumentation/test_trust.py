"""Callers outside the trusted networks: what they claim is kept, and not continued."""

from __future__ import annotations

from typing import Any

import pytest

from clew._config import Settings
from clew._exceptions import ConfigurationError
from clew._trust import TrustedNetworks
from clew.wsgi import ClewWsgiMiddleware
from tests.instrumentation.asgi import LAST, START, get, sends
from tests.instrumentation.telemetry import Telemetry, telemetry
from tests.support.otlp_sink import Sink

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
CLAIM = {
    "traceparent": f"00-{TRACE}-{PARENT}-00",  # and not sampled: a stranger must not hide either
    "X-Correlation-ID": "theirs",
    "baggage": "correlation_id=theirs,discount=100",
}


@pytest.mark.parametrize(
    ("words", "address", "inside"),
    [
        (["10.0.0.0/8"], "10.1.2.3", True),
        (["10.0.0.0/8"], "11.1.2.3", False),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
        (["10.1.2.3"], "10.1.2.3", True),
        (["10.1.2.3/8"], "10.9.9.9", True),
        (["fd00::/8"], "fd12::1", True),
        (["fd00::/8"], "fd12::1%eth0", True),
        (["fd00::/8", "127.0.0.0/8"], "127.0.0.1", True),
        (["127.0.0.0/8"], "testclient", False),
        (["127.0.0.0/8"], None, False),
        (["127.0.0.0/8"], "", False),
        (["unix"], None, True),
        (["unix"], "127.0.0.1", False),
    ],
)
def test_networks(words: list[str], address: str | None, inside: bool) -> None:
    """Networks, single addresses, IPv6, mapped addresses, and sockets without an address."""
    assert (address in TrustedNetworks(words)) is inside


def test_nonsense_is_named() -> None:
    """The word that is wrong, and what would be right."""
    with pytest.raises(ConfigurationError, match=r"CLEW_TRUSTED_NETWORKS='10\.0\.0\.0/99'.*unix"):
        Settings.from_environ({"CLEW_TRUSTED_NETWORKS": "127.0.0.0/8,10.0.0.0/99"})


def test_the_reference_engine_has_no_such_boundary() -> None:
    """It would be silent about what it does not do."""
    with pytest.raises(ConfigurationError, match="CLEW_ENGINE is sdk"):
        Settings.from_environ({"CLEW_TRUSTED_NETWORKS": "10.0.0.0/8", "CLEW_ENGINE": "sdk"})


def _held_to_be_a_stranger(clew: Telemetry, answered_id: str) -> None:
    span = clew.span()
    assert span.data.trace_id.hex() != TRACE
    assert span.data.parent_span_id == b""
    (link,) = span.data.links
    assert (link.trace_id.hex(), link.span_id.hex()) == (TRACE, PARENT)
    assert span.attributes["clew.correlation_id.claimed"] == "theirs"
    assert span.attributes["correlation_id"] == answered_id != "theirs"


def test_a_stranger_is_linked(sink: Sink) -> None:
    """ASGI: a trace and an id of our own, theirs beside them."""
    with telemetry(sink, CLEW_TRUSTED_NETWORKS="10.0.0.0/8") as clew:
        answer = get(clew.wrap(sends(START, LAST)), headers=CLAIM, client=("192.0.2.7", 1))
        _held_to_be_a_stranger(clew, answer.correlation_id)


def test_a_strangers_baggage_stays_outside(sink: Sink) -> None:
    """What a stranger says is not handed on to other services."""
    from opentelemetry import baggage

    seen: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(baggage.get_all()))
        await sends(START, LAST)(scope, receive, send)

    with telemetry(sink, CLEW_TRUSTED_NETWORKS="10.0.0.0/8") as clew:
        wrapped = clew.wrap(app)
        answer = get(wrapped, headers=CLAIM, client=("192.0.2.7", 1))
        get(wrapped, headers=CLAIM, client=("10.0.0.1", 1))
    assert seen[0] == {"correlation_id": answer.correlation_id}
    assert seen[1] == {"correlation_id": "theirs", "discount": "100"}


@pytest.mark.parametrize("networks", ["10.0.0.0/8", "*"])
def test_a_trusted_caller_is_continued(sink: Sink, networks: str) -> None:
    """The same headers, from inside; and by default from anywhere."""
    sampled = {**CLAIM, "traceparent": f"00-{TRACE}-{PARENT}-01"}
    with telemetry(sink, CLEW_TRUSTED_NETWORKS=networks) as clew:
        answer = get(clew.wrap(sends(START, LAST)), headers=sampled, client=["10.0.0.1", 1])
        span = clew.span()
        assert (span.data.trace_id.hex(), span.data.parent_span_id.hex()) == (TRACE, PARENT)
        assert not span.data.links
        assert answer.correlation_id == "theirs"
        assert "clew.correlation_id.claimed" not in span.attributes


def test_a_stranger_without_claims_is_an_ordinary_caller(sink: Sink) -> None:
    """Neither link nor attribute where nothing was sent, and none of what cannot be an id."""
    with telemetry(sink, CLEW_TRUSTED_NETWORKS="10.0.0.0/8") as clew:
        get(clew.wrap(sends(START, LAST)), headers={"X-Correlation-ID": "x" * 500})
        span = clew.span()
        assert not span.data.links
        assert "clew.correlation_id.claimed" not in span.attributes


def test_wsgi(sink: Sink) -> None:
    """The same boundary in front of WSGI applications."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    with telemetry(sink, CLEW_TRUSTED_NETWORKS="10.0.0.0/8") as clew:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/",
            "REMOTE_ADDR": "192.0.2.7",
            **{"HTTP_" + k.upper().replace("-", "_"): v for k, v in CLAIM.items()},
        }
        headers: dict[str, str] = {}
        body = ClewWsgiMiddleware(app, clew.runtime)(
            environ, lambda _, given: headers.update(given)
        )
        for _ in body:
            pass
        body.close()  # type: ignore[attr-defined]
        _held_to_be_a_stranger(clew, headers["X-Correlation-ID"])
