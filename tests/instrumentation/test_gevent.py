"""Under gevent, patched before clew began or after: N requests are exactly N of everything."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.wait import wait_until
from tests.support.otlp_sink import Sink
from tests.support.processes import BIN, DEADLINE_S, free_port, running

pytest.importorskip("gevent", reason="gevent is not installed")

REQUESTS = 40
_APP = """
import logging
from flask import Flask
app = Flask("shop")
@app.get("/items/<int:item>")
def read(item):
    logging.getLogger("shop").info("reading %d", item)
    return str(item)
"""
_SERVE = """
import signal, sys
import gevent
from gevent.pywsgi import WSGIServer
server = WSGIServer(("127.0.0.1", int(sys.argv[1])), app, log=None)
gevent.signal_handler(signal.SIGTERM, server.stop)
server.serve_forever()
"""
_PATCH = "from gevent import monkey; monkey.patch_all()\n"
_CLEW = "import clew.auto\n"
# How it is run → (program, the module shop).
RUNS = {
    "gunicorn": ("clew run gunicorn shop:app -b 127.0.0.1:{port} -w 2 -k gevent", _APP),
    # Not --preload: gunicorn 27.0 with gevent 26.9 then sometimes leaves a worker at its end that
    # never stops, with clew and without.
    "patched first": ("python -m shop {port}", _PATCH + _CLEW + _APP + _SERVE),
    "clew first": ("python -m shop {port}", _CLEW + _PATCH + _APP + _SERVE),
}


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.long
@pytest.mark.parametrize(("command", "code"), RUNS.values(), ids=list(RUNS))
def test_everything_once(command: str, code: str, sink: Sink, tmp_path: Path) -> None:
    """Spans, measurements and lines: one a request; and the process ends without a complaint."""
    (tmp_path / "shop.py").write_text(code)
    port = free_port()
    program, *words = command.format(port=port).split()
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_PYTHON_EXCLUDED_URLS": "/ready",
        "PYTHONPATH": str(tmp_path),
    }
    folder = tmp_path / "run"
    folder.mkdir()
    with running([str(BIN / program), *words], own, folder, cwd=tmp_path) as stdout:
        wait_until(lambda: _status(port, "/ready") == 404, "the server to answer")
        _serve(port)
    numbers = Counter(span.attributes["url.path"] for span in sink.spans())
    assert numbers == Counter(f"/items/{n}" for n in range(REQUESTS))
    points = sink.points("http.server.request.duration")
    assert sum(point.data.count for point in points) == REQUESTS
    lines = [json.loads(line) for line in stdout.read_text().splitlines() if line[:1] == "{"]
    printed = [line["message"] for line in lines if line["logger"] == "shop"]
    sent = [r.data.body.string_value for r in sink.logs() if r.scope == "shop"]
    assert sorted(printed) == sorted(sent) == sorted(f"reading {n}" for n in range(REQUESTS))
    assert "Traceback" not in (folder / "stderr").read_text()


def _serve(port: int) -> None:
    answers: list[int] = []

    def work(numbers: range) -> None:
        answers.extend(_status(port, f"/items/{number}") for number in numbers)

    threads = [threading.Thread(target=work, args=(range(n, REQUESTS, 4),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * REQUESTS
