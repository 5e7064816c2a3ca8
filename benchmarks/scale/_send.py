"""Sends requests that are ready, over connections that stay open, to loopback."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

_RETRY_S = 0.05


class Sender:
    """One connection to an OTLP/HTTP endpoint."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname in ("127.0.0.1", "localhost"), "load goes to loopback only"
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)

    def send(self, signal: str, body: bytes) -> int:
        """Until it is accepted; how often it was refused before."""
        refused = 0
        while True:
            self._connection.request(
                "POST", f"/v1/{signal}", body, {"Content-Type": "application/x-protobuf"}
            )
            answer = self._connection.getresponse()
            answer.read()
            if answer.status == 200:
                return refused
            if answer.status not in (429, 503):
                raise RuntimeError(f"the collector answered {answer.status}")
            refused += 1
            time.sleep(_RETRY_S)

    def close(self) -> None:
        self._connection.close()


def send_all(url: str, signal: str, bodies: Iterable[bytes]) -> int:
    """All of them, one after the other; how many times one was refused first."""
    sender = Sender(url)
    try:
        return sum(sender.send(signal, body) for body in bodies)
    finally:
        sender.close()
