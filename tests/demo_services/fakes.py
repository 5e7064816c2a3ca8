"""A service that is made up, on a free port of the loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeService:
    """Answers every request alike and remembers the requests. `answer` is (status, JSON)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answer: tuple[int, str] = (200, "{}")
        self.asked: list[tuple[str, str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.silent = threading.Event()
        """While set, requests wait for the end of the test."""


@contextmanager
def fake_service() -> Iterator[FakeService]:
    """The service, while the block lasts."""
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            fake.asked.append((self.command, self.path, body))
            fake.headers.append(dict(self.headers))
            if fake.silent.is_set():
                released.wait(10)
                return
            status, text = fake.answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = respond

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeService(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join()
