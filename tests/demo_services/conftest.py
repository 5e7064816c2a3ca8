"""A gateway to test by itself: without telemetry, in front of a users service that is made up."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType

import pytest
from fastapi.testclient import TestClient

Build = Callable[[str], TestClient]
"""Makes a client of a gateway in front of the users service at that address."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Build:
    """The gateway's business code; its telemetry is the subject of other tests."""
    monkeypatch.setitem(sys.modules, "clew.auto", ModuleType("clew.auto"))
    monkeypatch.delitem(sys.modules, "demo_services.gateway.app", raising=False)
    app = importlib.import_module("demo_services.gateway.app")
    # Not left behind for other tests: this import had no telemetry in it.
    monkeypatch.delitem(sys.modules, "demo_services.gateway.app")
    settings = importlib.import_module("demo_services.gateway._settings").Settings

    def build(users_url: str) -> TestClient:
        made = app.create_app(settings(users_url, connect_timeout_s=0.5, read_timeout_s=0.2))
        return TestClient(made, raise_server_exceptions=False)

    return build


class FakeUsers:
    """Answers every request alike and remembers the requests. `answer` is (status, JSON)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answer: tuple[int, str] = (200, "{}")
        self.asked: list[tuple[str, str, str]] = []
        self.silent = threading.Event()
        """While set, requests wait; clear it before the end of the test to let them go."""


@pytest.fixture
def users() -> Iterator[FakeUsers]:
    """A users service on a free port of the loopback."""
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            fake.asked.append((self.command, self.path, body))
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
    fake = FakeUsers(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield fake
    released.set()
    server.shutdown()
    server.server_close()
    thread.join()
