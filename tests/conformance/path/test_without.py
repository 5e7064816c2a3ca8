"""Where nothing could be compiled, or not the right thing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from clew import _faults, _path
from clew._config import Settings
from clew._runtime import Runtime
from clew.asgi import ClewMiddleware

_WITHOUT = """
import asyncio, sys
sys.modules["clew._path_native"] = None
from clew import _path
from clew._config import Settings
from clew._http_client import HttpClient
from clew._runtime import Runtime
from clew.asgi import ClewMiddleware
from clew.wsgi import ClewWsgiMiddleware

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})

async def send(message):
    if "headers" in message:
        print(message["headers"][-1][1].decode())

def wsgi_app(environ, start_response):
    start_response("200 OK", [])
    return []

runtime = Runtime(Settings.from_environ({}))
asgi, wsgi = ClewMiddleware(app, runtime), ClewWsgiMiddleware(wsgi_app, runtime)
client = HttpClient(runtime)
print(_path.COMPILED, asgi.compiled, wsgi.compiled, client._compiled)
headers = [(b"x-correlation-id", b"abc-1")]
scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
asyncio.run(asgi(scope, None, send))
environ = {"REQUEST_METHOD": "GET", "HTTP_X_CORRELATION_ID": "abc-1"}
wsgi(environ, lambda status, headers: print(headers[-1][1])).close()
call = client.begin("GET", "http://h/", {})
call.end(200)
print(len(runtime.pipeline.spans) == 3)
"""


def test_without_the_compiled_module_all_is_python() -> None:
    """As where clew was installed without a compiler."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        env={"OTEL_TRACES_EXPORTER": "none", "CLEW_ACCESS_LOG": "false"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout.split(), done.returncode) == (
        ["False", "None", "None", "None", "abc-1", "abc-1", "True"],
        0,
    ), done.stderr


def test_a_compiled_module_that_does_not_fit_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that was compiled of other sources: the service starts, and all is done in Python."""
    pytest.importorskip("clew._path_native")
    before = _faults.total()
    monkeypatch.setattr(_path, "_bind", lambda: _path._path_native.bind({}))
    middleware = ClewMiddleware(lambda *given: None, Runtime(Settings.from_environ({})))
    assert middleware.compiled is None
    assert _faults.total() == before + 1
