"""uvicorn --reload: what a process has made before it is replaced arrives, and once."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from pathlib import Path

from tests.e2e.wait import wait_until
from tests.support.otlp_sink import Sink
from tests.support.processes import BIN, DEADLINE_S, free_port, running

EACH = 20
_APP = """
import logging, os
from fastapi import FastAPI
app = FastAPI()
@app.get("/process")
async def process() -> int:
    return os.getpid()
@app.get("/items/{item}")
async def read(item: int) -> int:
    logging.getLogger("shop").info("reading %d", item)
    return item
"""


def _ask(port: int, path: str) -> int:
    """The number that `path` answers with; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE_S) as got:
            return int(got.read())
    except OSError:
        return 0


def test_everything_once(sink: Sink, tmp_path: Path) -> None:
    """Requests before and after a change of the code: one span, measurement and line each."""
    code = tmp_path / "shop.py"
    code.write_text(_APP)
    port = free_port()
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_PYTHON_EXCLUDED_URLS": "/process",
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",
        "PYTHONPATH": str(tmp_path),
    }
    folder = tmp_path / "run"
    folder.mkdir()
    words = ["run", "uvicorn", "shop:app", "--port", str(port), "--reload"]
    with running([str(BIN / "clew"), *words], own, folder, cwd=tmp_path) as stdout:
        first = wait_until(lambda: _ask(port, "/process"), "the server to answer")
        assert [_ask(port, f"/items/{n}") for n in range(EACH)] == list(range(EACH))
        code.write_text(_APP + "# changed\n")
        wait_until(lambda: _ask(port, "/process") not in (0, first), "another process")
        after = range(EACH, 2 * EACH)
        assert [_ask(port, f"/items/{n}") for n in after] == list(after)
    paths = Counter(span.attributes["url.path"] for span in sink.spans())
    assert paths == Counter(f"/items/{n}" for n in range(2 * EACH))
    points = sink.points("http.server.request.duration")
    assert sorted(point.data.count for point in points) == [EACH, EACH]
    lines = [json.loads(line) for line in stdout.read_text().splitlines() if line[:1] == "{"]
    assert sum(line["logger"] == "shop" for line in lines) == 2 * EACH
