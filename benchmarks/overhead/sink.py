"""An OTLP/HTTP receiver that keeps requests as they came, and counts them when it is asked.

    python -m benchmarks.overhead.sink PORT

Decoding while a round is measured would take time from the load generator, which shares the core.

POST /NAME/v1/SIGNAL takes a request for the collection NAME; GET /NAME counts that collection,
answers with the counts as JSON, and forgets it.
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.overhead._evidence import Evidence

_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
Kept = dict[str, list[tuple[str, str, bytes]]]
"""By collection: (signal, content encoding, body)."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sink

    def do_POST(self) -> None:
        body = self._body()
        _, name, _, signal = self.path.split("/")
        encoding = self.headers.get("Content-Encoding", "")
        self.server.kept.setdefault(name, []).append((signal, encoding, body))
        self._answer(b"", "application/x-protobuf")

    def do_GET(self) -> None:
        counts = count(self.server.kept.pop(self.path.strip("/"), []))
        self._answer(json.dumps(counts).encode(), "application/json")

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length")
        if length is not None:
            return self.rfile.read(int(length))
        parts = []  # chunked transfer, RFC 9112, section 7.1
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class Sink(ThreadingHTTPServer):
    """The server. `kept` is what it holds; a list's `append` needs no lock."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.kept: Kept = {}


def count(kept: list[tuple[str, str, bytes]]) -> dict[str, int]:
    """The counts of what a collection holds.

    Raises:
        KeyError: a content encoding that is not known here.
    """
    evidence = Evidence()
    for signal, encoding, body in kept:
        evidence.add(signal, _DECOMPRESS[encoding](body))
    return evidence.summary()


if __name__ == "__main__":
    try:
        Sink(int(sys.argv[1])).serve_forever()
    except KeyboardInterrupt:
        pass
