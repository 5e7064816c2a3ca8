"""A small HTTP server that answers with recorded JSON and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Otherwise = Callable[[str, dict[str, str]], "str | None"]
"""From path and parameters to a body, or None for a 404."""


class FakeBackend:
    """`answers`: path → (status, body). Any other path is `otherwise`'s, and at first a 404."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: dict[str, tuple[int, str]] = {}
        self.otherwise: Otherwise = lambda path, params: None
        self.asked: list[tuple[str, dict[str, str]]] = []
        """Path and query parameters of each request, in order."""

    def answer(self, path: str, body: str, status: int = 200) -> None:
        """From now on, this is the answer to that path."""
        self.answers[path] = (status, body)

    def params(self, path: str) -> dict[str, str]:
        """The query parameters of the last request to that path."""
        return [params for asked, params in self.asked if asked == path][-1]


@contextmanager
def fake_backend() -> Iterator[FakeBackend]:
    """A backend that listens on a free port of the loopback until the end of the `with`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            params = {key: values[-1] for key, values in parse_qs(url.query).items()}
            backend.asked.append((url.path, params))
            known = backend.answers.get(url.path)
            if known is None:
                body = backend.otherwise(url.path, params)
                known = (404, "not found") if body is None else (200, body)
            status, body = known
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    backend = FakeBackend(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield backend
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
