"""requests, httpx, aiohttp and urllib3: one client span a call, and the headers at the server."""

from __future__ import annotations

import pytest

from tests.instrumentation.contrib.conftest import (
    CLIENT,
    Ran,
    is_child_with_the_thread,
    needs,
    needs_contrib,
    run,
    went_along,
)
from tests.support.otlp_sink import Sink

PROGRAM = """
import importlib.util
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        told[self.path[1:]] = {key.lower(): value for key, value in self.headers.items()}
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *given): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}/"

def with_requests(url):
    import requests
    requests.get(url, timeout=20)
def with_httpx(url):
    import httpx
    httpx.get(url)
def with_httpx_async(url):
    import httpx
    async def main():
        async with httpx.AsyncClient() as client:
            await client.get(url)
    asyncio.run(main())
def with_aiohttp(url):
    import aiohttp
    async def main():
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            await answer.read()
    asyncio.run(main())
def with_urllib3(url):
    import urllib3
    urllib3.PoolManager().request("GET", url)

for name, work in list(globals().items()):
    if name.startswith("with_") and importlib.util.find_spec(name.split("_")[1]):
        call(name[5:], work, base + name[5:])
tell()
"""
SCOPES = {
    "requests": "clew",
    "httpx": "opentelemetry.instrumentation.httpx",
    "httpx_async": "opentelemetry.instrumentation.httpx",
    "aiohttp": "opentelemetry.instrumentation.aiohttp_client",
    "urllib3": "opentelemetry.instrumentation.urllib3",
}


@pytest.fixture(scope="module")
def ran(module_sink: Sink) -> Ran:
    return run(PROGRAM, module_sink)


@pytest.mark.parametrize("library", SCOPES)
def test_a_call(library: str, ran: Ran) -> None:
    """One span, of its instrumentation, below the caller's; its context is at the server."""
    package = library.partition("_")[0]
    needs(package)
    if library != "requests":
        needs_contrib(SCOPES[library].rpartition(".")[2])
    span = ran.only(library, CLIENT)
    assert span.scope == SCOPES[library]
    is_child_with_the_thread(ran, library, span)
    went_along(ran, library, span, ran.told[library])


def test_requests_is_not_seen_twice(ran: Ran) -> None:
    """Where urllib3, on which requests stands, is instrumented too, a call is still one span."""
    needs_contrib("urllib3")
    assert len(ran.of("requests")) == 1
