"""`clew run` before each program that people start: one request, and its span arrives once."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.wait import wait_until
from tests.support.otlp_sink import Item, Sink, otlp_sink
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
    "uvicorn": ("uvicorn shop:app --port {port}", _FASTAPI, "/items/{item}"),
    "gunicorn": ("gunicorn shop:app -b 127.0.0.1:{port}", _FLASK, "/items/<int:item>"),
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


_TASKS = """
import os
from celery import Celery
from opentelemetry import trace
queue = os.environ["QUEUE"]
app = Celery("tasks", broker="filesystem://", broker_transport_options={
    "data_folder_in": queue, "data_folder_out": queue,
})
@app.task
def work():
    trace.get_tracer("shop").start_span("work").end()
"""


def test_celery(sink: Sink, tmp_path: Path) -> None:
    """A worker's task."""
    (tmp_path / "tasks.py").write_text(_TASKS)
    (tmp_path / "queue").mkdir()
    own = {**environ(sink, tmp_path), "QUEUE": str(tmp_path / "queue")}
    sent = run_python("import tasks; tasks.work.delay()", own, cwd=tmp_path)
    assert sent.returncode == 0, sent.stderr
    command = "celery -A tasks worker -c 1 --pool prefork --without-gossip --without-mingle"
    words = [str(BIN / "clew"), "run", *command.split()]
    with running(words, own, tmp_path, cwd=tmp_path):
        wait_until(lambda: made(sink, "work"), "the task's span")
    assert len(made(sink, "work")) == 1


_SPAN = "from opentelemetry import trace; trace.get_tracer('t').start_span('made').end()"
SCRIPTS = {
    "python": ("python script.py", f"{_SPAN}\n"),
    "python -m": ("python -m script", f"{_SPAN}\n"),
    "pytest": ("pytest -q -p no:cacheprovider script.py", f"def test_it():\n    {_SPAN}\n"),
}


@pytest.mark.parametrize(("command", "code"), SCRIPTS.values(), ids=list(SCRIPTS))
def test_what_ends_by_itself(command: str, code: str, sink: Sink, tmp_path: Path) -> None:
    """A script and a run of tests hand over what they made before they end."""
    (tmp_path / "script.py").write_text(code)
    program = f"""
        import subprocess, sys
        sys.exit(subprocess.call({[str(BIN / "clew"), "run", *command.split()]!r}))
    """
    ended = run_python(program, environ(sink, tmp_path), cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(made(sink, "made")) == 1


def made(sink: Sink, name: str) -> list[Item]:
    """The spans of that name that have arrived."""
    return [span for span in sink.spans() if span.data.name == name]


def test_each_program_of_the_documentation_is_here() -> None:
    """docs/cli.md promises no program that is not tried."""
    promised = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    tried = [one.split()[0] for one, _, _ in SERVERS.values()]
    tried += [one.split()[0] for one, _ in SCRIPTS.values()] + ["celery"]
    for program in tried:
        assert f"`{program}`" in promised
