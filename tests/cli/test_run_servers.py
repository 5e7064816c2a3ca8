"""`clew run` before programs that people start: one request, and its span arrives once.

uvicorn and gunicorn, celery and python have tests of their own in tests/instrumentation.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.wait import wait_until
from tests.support.otlp_sink import Sink, otlp_sink
from tests.support.processes import BIN, ROOT, free_port, run_python, running

_FASTAPI = """
from fastapi import FastAPI
app = FastAPI()
@app.get("/items/{item}")
async def read(item: int) -> int:
    return item
"""
_FLASK = """
from flask import Flask
app = Flask("shop")
@app.get("/items/<int:item>")
def read(item):
    return str(item)
"""
SERVERS = {
    "hypercorn": ("hypercorn shop:app -b 127.0.0.1:{port}", _FASTAPI, "/items/{item}"),
    "granian": (
        "granian --interface asgi --port {port} shop:app", _FASTAPI, "/items/{item}"
    ),
    "granian, WSGI": (
        "granian --interface wsgi --port {port} shop:app", _FLASK, "/items/<int:item>"
    ),
    "flask": ("flask --app shop run --port {port}", _FLASK, "/items/<int:item>"),
}  # fmt: skip


@pytest.fixture
def sink() -> Iterator[Sink]:
    with otlp_sink() as one:
        yield one


@dataclass(frozen=True)
class Asked:
    """Asks a server on the loopback."""

    port: int

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"X-Correlation-ID": "once"})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.get("/ready") > 0
        except OSError:
            return False


def environ(sink: Sink, folder: Path) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_PYTHON_EXCLUDED_URLS": "/ready",
        "PYTHONPATH": str(folder),
    }


@pytest.mark.parametrize(("command", "code", "route"), SERVERS.values(), ids=list(SERVERS))
def test_a_server(command: str, code: str, route: str, sink: Sink, tmp_path: Path) -> None:
    """One server span with its route, from a program that knows nothing of clew."""
    (tmp_path / "shop.py").write_text(code)
    port = free_port()
    words = [str(BIN / "clew"), "run", *command.format(port=port).split()]
    with running(words, environ(sink, tmp_path), tmp_path, cwd=tmp_path):
        asked = Asked(port)
        wait_until(asked.answers, f"{words[2]} to answer")
        assert asked.get("/items/7") == 200
        wait_until(sink.spans, "the span")
    # It has ended, and with it all that it had is here.
    [span] = sink.spans()
    assert span.attributes["http.route"] == route
    assert span.attributes["correlation_id"] == "once"


_SPAN = "from opentelemetry import trace; trace.get_tracer('t').start_span('made').end()"


def test_pytest(sink: Sink, tmp_path: Path) -> None:
    """A run of tests hands over what it made before it ends."""
    (tmp_path / "script.py").write_text(f"def test_it():\n    {_SPAN}\n")
    command = [str(BIN / "clew"), "run", "pytest", "-q", "-p", "no:cacheprovider", "script.py"]
    ended = run_python(
        f"import subprocess, sys; sys.exit(subprocess.call({command!r}))",
        environ(sink, tmp_path),
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [span.data.name for span in sink.spans()] == ["made"]


def test_each_program_of_the_documentation_is_tried() -> None:
    """docs/cli.md names no program without a test, and none that has one is left out."""
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    promised = re.search(r"^Tried with (.*?)\.$", text, re.MULTILINE | re.DOTALL)
    assert promised
    here = {command.split()[0] for command, _, _ in SERVERS.values()} | {"pytest"}
    # Several workers of these, and N requests: tests/instrumentation/test_servers.py; the others
    # in test_celery.py and test_run.py.
    elsewhere = {"uvicorn", "gunicorn", "celery", "python"}
    assert set(re.findall("`(.*?)`", promised[1])) == here | elsewhere
