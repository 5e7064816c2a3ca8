"""What listens at an address, found out without knowing its language."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

# The preface with which an HTTP/2 client begins (RFC 9113, section 3.4), and an empty SETTINGS
# frame. A server of HTTP/2, and so of gRPC, answers with its own SETTINGS; one of HTTP/1.1 with an
# error in words.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_SETTINGS = 4
_TIMEOUT_S = 2.0

HTTP1, HTTP2, SILENT, CLOSED = "HTTP/1.1", "HTTP/2", "silent", "closed"


@dataclass(frozen=True)
class Place:
    """Host, port and whether TLS is spoken there."""

    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str, default_port: int) -> Place:
        """The place that `url` names."""
        parts = urlsplit(url)
        return cls(parts.hostname or "localhost", parts.port or default_port, _is_tls(url))

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.host}:{self.port}"

    def on(self, port: int) -> Place:
        """The same host, another port."""
        return Place(self.host, port, self.tls)


def speaks(place: Place) -> str:
    """HTTP1, HTTP2, SILENT (something listens, and says neither) or CLOSED."""
    try:
        with socket.create_connection((place.host, place.port), _TIMEOUT_S) as plain:
            return _answer(_secured(plain, place) if place.tls else plain)
    except OSError:
        return CLOSED


def _answer(connection: socket.socket) -> str:
    try:
        connection.settimeout(_TIMEOUT_S)
        connection.sendall(_PREFACE)
        said = connection.recv(64)
    except OSError:
        return SILENT
    if len(said) >= 9 and said[3] == _SETTINGS:
        return HTTP2
    # Some answer a version that they don't know with a page and no status line.
    return HTTP1 if said.startswith((b"HTTP/", b"<")) else SILENT


def _secured(plain: socket.socket, place: Place) -> socket.socket:
    # Only to hear which protocol is spoken: nothing is sent that anybody may not see.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context.wrap_socket(plain, server_hostname=place.host)


def _is_tls(url: str) -> bool:
    return urlsplit(url).scheme == "https"
