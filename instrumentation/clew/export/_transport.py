"""One request to one endpoint: OTLP over HTTP, or over gRPC.

Imported by the sending thread, not at start: `http.client` and `ssl` take longer to import than
the rest of clew.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  (the first connection would import it)
import gzip
import http.client
import ssl
from collections.abc import Callable
from time import monotonic
from typing import Protocol
from urllib.parse import urlsplit

from clew._config import Endpoint
from clew._version import __version__
from clew.export._answer import Answer, rejected_items

# OTLP/HTTP, "Retryable Response Codes", and those that say that the sender is not let in, by the
# endpoint or a proxy before it: what it has is as good as ever once its token is. Others are final.
_RETRYABLE = frozenset((429, 502, 503, 504, 401, 403, 407))
_USER_AGENT = f"clew/{__version__}"
_MOST_RESPONSE_BYTES = 65_536
# s; then a connection over TLS is made anew, however busy: it would never see a certificate that
# has been renewed, nor one that has ended.
_LONGEST_TLS = 3_600.0


class Transport(Protocol):
    """`not_after` is when the endpoint's certificate ends, in seconds since the epoch, once one was
    verified; None where none was, or nobody can tell."""

    not_after: int | None

    def send(self, body: bytes, timeout: float) -> Answer:
        """Send one encoded request; wait at most `timeout` seconds for each step. Never raises."""

    def close(self) -> None: ...


def open_transport(signal: str, endpoint: Endpoint) -> Transport:
    """The transport for `endpoint`.

    Raises:
        ImportError: the protocol is grpc, and grpcio is not installed.
    """
    if endpoint.protocol == "grpc":
        from clew.export._grpc import GrpcTransport

        return GrpcTransport(signal, endpoint)
    return HttpTransport(endpoint)


class HttpTransport:
    """OTLP/HTTP on one connection that is kept alive."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float] = monotonic) -> None:
        self.not_after: int | None = None
        self._endpoint = endpoint
        self._clock = clock
        parts = urlsplit(endpoint.url)
        self._secure = parts.scheme == "https"
        self._path = parts.path or "/"
        if parts.query:
            self._path += "?" + parts.query
        self._connect = _connector(endpoint)
        self._connection: http.client.HTTPConnection | None = None
        self._connected = 0.0
        self._headers = {
            "Content-Type": "application/x-protobuf",
            "User-Agent": _USER_AGENT,
            **endpoint.headers,
        }
        if endpoint.gzip:
            self._headers["Content-Encoding"] = "gzip"

    def send(self, body: bytes, timeout: float) -> Answer:
        if self._endpoint.gzip:
            body = gzip.compress(body, compresslevel=1)
        if self._secure and self._clock() - self._connected > _LONGEST_TLS:
            self.close()
        reused = self._connection is not None
        try:
            return self._attempt(body, timeout)
        except (ConnectionError, ssl.SSLError) as error:  # http.client's RemoteDisconnected too
            self.close()
            if not reused:
                return _unreachable(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            return _unreachable(error)
        # An endpoint may close an idle connection at any time: that is no failure of its own.
        try:
            return self._attempt(body, timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            return _unreachable(error)

    def _attempt(self, body: bytes, timeout: float) -> Answer:
        connection = self._connection
        new = connection is None
        if connection is None:
            connection = self._connection = self._connect(timeout)
            self._connected = self._clock()
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request("POST", self._path, body, self._headers)
        if new:
            self.not_after = _not_after(connection.sock) or self.not_after
        response = connection.getresponse()
        answered = response.read(_MOST_RESPONSE_BYTES)
        more = response.read(1)
        if response.length and not more:  # the answer was cut: it may not have been the endpoint's
            raise http.client.IncompleteRead(answered, response.length)
        if more or response.will_close:
            self.close()
        if 200 <= response.status < 300:
            return Answer(rejected=rejected_items(answered))
        return Answer(
            reason=f"http_{response.status}",
            detail=f"HTTP {response.status} {response.reason}",
            retry=response.status in _RETRYABLE,
            retry_after=_seconds(response.getheader("Retry-After")),
        )

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connector(endpoint: Endpoint) -> Callable[[float], http.client.HTTPConnection]:
    parts = urlsplit(endpoint.url)
    host = parts.hostname or "localhost"
    if parts.scheme != "https":
        port = parts.port or 80
        return lambda timeout: http.client.HTTPConnection(host, port, timeout=timeout)
    context = ssl.create_default_context(cafile=endpoint.certificate)
    if endpoint.client_certificate:
        context.load_cert_chain(endpoint.client_certificate, endpoint.client_key)
    port = parts.port or 443
    return lambda timeout: http.client.HTTPSConnection(host, port, timeout=timeout, context=context)


def _not_after(connected: object) -> int | None:
    """When the certificate at the other end of a socket ends, in seconds since the epoch."""
    if not isinstance(connected, ssl.SSLSocket):
        return None
    try:
        # Without the certificate where it was not verified; it is, by `_connector`.
        told = (connected.getpeercert() or {})["notAfter"]
        return ssl.cert_time_to_seconds(str(told))
    except (LookupError, ValueError, OSError):  # an odd one; what is sent does not depend on it
        return None


def _unreachable(error: Exception) -> Answer:
    reason = "timeout" if isinstance(error, TimeoutError) else "unreachable"
    return Answer(reason=reason, detail=f"{type(error).__name__}: {error}", retry=True)


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is left to the ordinary backoff."""
    if retry_after and retry_after.strip().isdecimal():
        return float(retry_after)
    return None
