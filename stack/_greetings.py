"""What servers that don't speak HTTP are greeted with, and what they say once they are ready."""

import socket
import struct
from urllib.parse import urlsplit

_PROBE_SECONDS = 2.0

# https://www.postgresql.org/docs/15/protocol-message-formats.html, StartupMessage, protocol 3.0.
_STARTUP = b"user\0shop\0database\0postgres\0\0"
_POSTGRES = struct.pack("!ii", len(_STARTUP) + 8, 196608) + _STARTUP

# Scheme → (what to say, what an answer begins with when the server is ready).
_GREETINGS: dict[str, tuple[bytes, bytes]] = {
    "postgresql": (_POSTGRES, b"R"),  # it asks for the password; "E" while it still starts up
    "redis": (b"PING\r\n", b"+PONG"),
    "amqp": (b"AMQP\x00\x00\x09\x01", b"\x01"),  # AMQP 0-9-1, section 4.2.2: a method frame
    "tcp": (b"", b""),
}


def is_greeted(url: str) -> bool:
    """Tell whether the scheme of `url` is one that this module knows."""
    return urlsplit(url).scheme in _GREETINGS


def greet(url: str) -> bool:
    """Tell whether the server at `url` is ready."""
    parts = urlsplit(url)
    hello, expected = _GREETINGS[parts.scheme]
    try:
        address = (parts.hostname or "", parts.port or 0)
        with socket.create_connection(address, _PROBE_SECONDS) as connection:
            connection.settimeout(_PROBE_SECONDS)
            connection.sendall(hello)
            return not expected or connection.recv(64).startswith(expected)
    except OSError:
        return False
