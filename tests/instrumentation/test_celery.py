"""In Celery's prefork pool: N tasks are exactly N of everything."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.wait import wait_until
from tests.support.otlp_sink import Sink
from tests.support.processes import BIN, run_python, running

pytest.importorskip("celery", reason="celery is not installed")

TASKS = 40
# The broker is a folder: nothing else is to run for this test.
_TASKS = """
import logging, os
from pathlib import Path
from celery import Celery
from opentelemetry import metrics, trace
queue = Path(os.environ["QUEUE"])
for name in ("in", "done"):
    (queue / name).mkdir(parents=True, exist_ok=True)
app = Celery("tasks", broker="filesystem://", broker_transport_options={
    "data_folder_in": str(queue / "in"), "data_folder_out": str(queue / "in"),
    "processed_folder": str(queue / "done"),
})
log = logging.getLogger("shop")
done = metrics.get_meter("shop").create_counter("tasks.done")
@app.task
def work(number):
    with trace.get_tracer("shop").start_as_current_span("work"):
        log.info("working on %d", number)
    done.add(1)
"""


def test_everything_once(sink: Sink, tmp_path: Path) -> None:
    """Spans, lines and a counter of tasks, from pool processes that end without `atexit`."""
    (tmp_path / "tasks.py").write_text(_TASKS)
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "QUEUE": str(tmp_path / "queue"),
        "PYTHONPATH": str(tmp_path),
        # Past the end of the test: the counts must come with the pool's end.
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",
    }
    code = f"import tasks\nfor n in range({TASKS}): tasks.work.delay(n)"
    sent = run_python(code, own, cwd=tmp_path)
    assert sent.returncode == 0, sent.stderr
    folder = tmp_path / "run"
    folder.mkdir()
    words = ["-A", "tasks", "worker", "-c", "2", "--pool", "prefork", "--loglevel", "INFO"]
    words += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with running([str(BIN / "clew"), "run", "celery", *words], own, folder, cwd=tmp_path) as stdout:
        wait_until(lambda: len(sink.spans()) >= TASKS, "the tasks")
    names = Counter(span.data.name for span in sink.spans())
    assert names["work"] == TASKS
    # Where the pool's process begins anew, so do its sums; together they are all tasks.
    assert sum(point.number for point in sink.points("tasks.done")) == TASKS
    expected = Counter(f"working on {n}" for n in range(TASKS))
    exported = [r.data.body.string_value for r in sink.logs() if r.scope == "shop"]
    assert Counter(exported) == expected
    # Celery prints its banner, and makes a log line of what is printed to stdout later.
    lines = [json.loads(line) for line in stdout.read_text().splitlines() if line[:1] == "{"]
    assert Counter(line["message"] for line in lines if line["logger"] == "shop") == expected
    assert not any(line["message"].startswith("{") for line in lines)
