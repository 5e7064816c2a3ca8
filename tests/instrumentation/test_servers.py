"""Under real servers with several workers: N requests are exactly N of everything."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.wait import wait_until
from tests.support.otlp_sink import Sink
from tests.support.processes import BIN, DEADLINE_S, free_port, running

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"
REQUESTS = 60

_FASTAPI = """
import logging
from fastapi import FastAPI
app = FastAPI()
@app.get("/items/{item}")
async def read(item: int) -> int:
    logging.getLogger("shop").info("reading %d", item)
    return item
@app.get("/fail")
async def fail():
    raise ValueError("boom")
"""
_FLASK = """
import logging
from flask import Flask
app = Flask("shop")
@app.get("/items/<int:item>")
def read(item):
    logging.getLogger("shop").info("reading %d", item)
    return str(item)
@app.get("/fail")
def fail():
    raise ValueError("boom")
"""
# Server → (program, application). {port} is filled in.
SERVERS = {
    "uvicorn, 2 workers": ("uvicorn shop:app --port {port} --workers 2", _FASTAPI),
    "gunicorn, 2 sync workers": ("gunicorn shop:app -b 127.0.0.1:{port} -w 2", _FLASK),
    "gunicorn, preloaded": ("gunicorn shop:app -b 127.0.0.1:{port} -w 2 --preload", _FLASK),
    "gunicorn, uvicorn workers": (
        "gunicorn shop:app -b 127.0.0.1:{port} -w 2 -k uvicorn.workers.UvicornWorker",
        _FASTAPI,
    ),
    "gunicorn, its own ASGI workers": (
        "gunicorn shop:app -b 127.0.0.1:{port} -w 2 -k asgi",
        _FASTAPI,
    ),
}


class Client:
    """Requests over a new connection each, so that every worker gets some."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, correlation_id: str) -> tuple[int, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE_S)
        try:
            connection.request("GET", path, headers={"X-Correlation-ID": correlation_id})
            response = connection.getresponse()
            response.read()
            return response.status, response.headers["X-Correlation-ID"]
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.get("/ready", "ready") is not None
        except OSError:
            return False


def _served(client: Client) -> None:
    """REQUESTS requests, from four threads; each answered with its own id."""
    failures: list[Any] = []

    def work(numbers: range) -> None:
        for number in numbers:
            answer = client.get(f"/items/{number}", f"id-{number}")
            if answer != (200, f"id-{number}"):
                failures.append(answer)

    threads = [threading.Thread(target=work, args=(range(n, REQUESTS, 4),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize(
    ("command", "code"),
    # gunicorn's own ASGI workers take long to end.
    [pytest.param(*one, id=name, marks=[pytest.mark.long] if "own ASGI" in name else [])
     for name, one in SERVERS.items()],
)  # fmt: skip
def test_everything_once(command: str, code: str, sink: Sink, tmp_path: Path) -> None:
    """Spans, measurements, access lines, records and answers: one a request, with one id."""
    (tmp_path / "shop.py").write_text(code)
    port = free_port()
    program, *words = command.format(port=port).split()
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_PYTHON_EXCLUDED_URLS": "/ready",
        "PYTHONPATH": str(tmp_path),
    }
    client = Client(port)
    folder = tmp_path / "run"
    folder.mkdir()
    with running([str(BIN / "clew"), "run", program, *words], own, folder, cwd=tmp_path) as stdout:
        wait_until(client.answers, "the server to answer")
        _served(client)
        assert client.get("/fail", "failing")[0] == 500
    # The server has ended, and with it every worker has handed over what it had.
    lines = [json.loads(line) for line in stdout.read_text().splitlines()]
    _check_spans(sink)
    _check_metrics(sink)
    _check_lines(lines)
    if "-k asgi" not in command:  # takes an exception after the response for a client that left
        _check_errors(sink, lines)


def _check_spans(sink: Sink) -> None:
    spans = [span for span in sink.spans() if span.attributes["correlation_id"] != "failing"]
    assert Counter(span.attributes["correlation_id"] for span in spans) == Counter(
        f"id-{number}" for number in range(REQUESTS)
    )
    assert len(sink.spans()) == REQUESTS + 1
    assert all("http.route" in span.attributes for span in spans)


def _check_metrics(sink: Sink) -> None:
    points = sink.points(DURATION)
    assert sum(point.data.count for point in points) == REQUESTS + 1
    assert [point.number for point in sink.points(ACTIVE)] == [0] * len(sink.points(ACTIVE))
    serving = {span.resource["service.instance.id"] for span in sink.spans()}
    assert {point.resource["service.instance.id"] for point in points} == serving


def _check_lines(lines: list[dict[str, Any]]) -> None:
    access = [line for line in lines if line["logger"] == "clew.access"]
    assert Counter(line["correlation_id"] for line in access)["failing"] == 1
    assert len(access) == REQUESTS + 1
    reading = [line for line in lines if line["message"].startswith("reading")]
    assert len(reading) == REQUESTS
    ids = {line["correlation_id"]: line["trace_id"] for line in access}
    for line in reading:
        assert ids[line["correlation_id"]] == line["trace_id"]


def _check_errors(sink: Sink, lines: list[dict[str, Any]]) -> None:
    """The server's own line about the failure carries the request's ids."""
    (span,) = (s for s in sink.spans() if s.attributes["correlation_id"] == "failing")
    about = [line for line in lines if line.get("exception.type") == "ValueError"]
    assert about
    for line in about:
        assert line["correlation_id"] == "failing"
        assert line["trace_id"] == span.data.trace_id.hex()
