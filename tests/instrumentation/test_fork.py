"""Children: each a process of its own, with its own identity, counts and way out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.instrumentation.conftest import Script
from tests.support.otlp_sink import Sink
from tests.support.processes import run_python

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"

# Serves requests without a server: `serve(n)` runs n of them through clew's ASGI middleware.
_SERVE = """
import asyncio, os, sys
import clew.auto, clew
from opentelemetry import metrics, trace

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})

app = clew.instrument(app)
orders = metrics.get_meter("shop").create_counter("orders")

def serve(count):
    async def main():
        async def send(message): pass
        for _ in range(count):
            scope = {"type": "http", "method": "GET", "path": "/", "headers": [],
                     "query_string": b"", "http_version": "1.1"}
            await app(scope, None, send)
    asyncio.run(main())
    orders.add(count)
"""


def _by_process(sink: Sink) -> dict[str, int]:
    """Spans by service.instance.id."""
    return Counter(span.resource["service.instance.id"] for span in sink.spans())


def _totals(sink: Sink, name: str) -> list[float]:
    """The newest value of the metric in each process."""
    points = sink.points(name)
    return sorted(p.data.count if hasattr(p.data, "count") else p.number for p in points)


@pytest.mark.parametrize("ending", ["sys.exit(0)", "clew.flush(20); os._exit(0)"])
def test_forked_children(ending: str, script: Script) -> None:
    """After os.fork each process sends what it made itself: nothing twice, nothing lost."""
    code = f"""
{_SERVE}
serve(5)
children = []
for _ in range(2):
    pid = os.fork()
    if not pid:
        serve(3)
        {ending}
    children.append(pid)
serve(1)
for pid in children:
    os.waitpid(pid, 0)
"""
    script(code)
    assert sorted(_by_process(script.sink).values()) == [3, 3, 6]
    assert _totals(script.sink, DURATION) == [3, 3, 6]
    assert _totals(script.sink, "orders") == [3, 3, 6]
    assert _totals(script.sink, ACTIVE) == [0, 0, 0]
    assert len({span.data.span_id for span in script.sink.spans()}) == 12
    assert len({span.data.trace_id for span in script.sink.spans()}) == 12


def test_grandchildren_and_what_was_under_way(script: Script) -> None:
    """A child of a child is a process too; what is open in the parent goes on there."""
    code = f"""
{_SERVE}
def child(count, then=None):
    if not os.fork():
        serve(count)
        if then: then()
        assert clew.flush(20)
        os._exit(0)
    assert os.wait()[1] == 0
with trace.get_tracer("t").start_as_current_span("open"):
    child(2, lambda: child(3))
"""
    script(code)
    names = Counter(span.data.name for span in script.sink.spans())
    assert names == {"GET": 5, "open": 1}
    assert sorted(_by_process(script.sink).values()) == [1, 2, 3]


def test_counts_of_health_are_not_inherited(script: Script) -> None:
    """What the parent dropped or replaced is told by the parent alone."""
    code = f"""
{_SERVE}
from clew import correlation
correlation.accept("not\\nvalid")
if not os.fork():
    serve(1)
    sys.exit(0)
os.wait()
"""
    script(code)
    assert _totals(script.sink, "clew.correlation.replaced") == [0, 1]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str, script: Script, tmp_path: Path) -> None:
    """Children of multiprocessing send theirs at their end, by whichever method they began."""
    (tmp_path / "work.py").write_text(
        f"{_SERVE}\n"
        "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        f"    context = multiprocessing.get_context({method!r})\n"
        "    serve(2)\n"
        "    children = [context.Process(target=serve, args=(3,)) for _ in range(2)]\n"
        "    for child in children: child.start()\n"
        "    for child in children: child.join()\n"
        "    assert [child.exitcode for child in children] == [0, 0]\n"
    )
    ended = run_python(
        f"import runpy; runpy.run_path({str(tmp_path / 'work.py')!r}, run_name='__main__')",
        {"OTEL_EXPORTER_OTLP_ENDPOINT": script.sink.url},
    )
    assert ended.returncode == 0, ended.stderr
    assert sorted(_by_process(script.sink).values()) == [2, 3, 3]
    assert _totals(script.sink, DURATION) == [2, 3, 3]
    assert _totals(script.sink, "orders") == [2, 3, 3]


def test_pool(script: Script) -> None:
    """Workers of a pool send theirs when the pool is closed."""
    code = f"""
{_SERVE}
import multiprocessing
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(serve, [1, 1, 1, 1], chunksize=1)
        pool.close()
        pool.join()
"""
    script(code)
    assert sum(_by_process(script.sink).values()) == 4


def test_fork_while_busy(script: Script) -> None:
    """Forks while other threads make spans and the export threads send: no child hangs."""
    code = f"""
{_SERVE}
import threading
stop = threading.Event()
def busy():
    while not stop.is_set():
        trace.get_tracer("t").start_span("busy").end()
        orders.add(1)
        stop.wait(0.0005)
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads: thread.start()
pids = []
for _ in range(6):
    pid = os.fork()
    if not pid:
        serve(1)
        assert clew.flush(20)
        os._exit(0)
    pids.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in pids]
stop.set()
for thread in threads: thread.join()
print(codes)
"""
    assert script(code, OTEL_BSP_SCHEDULE_DELAY="1", OTEL_METRIC_EXPORT_INTERVAL="5") == [
        str([0] * 6)
    ]
    served = [span for span in script.sink.spans() if span.data.name == "GET"]
    assert len(served) == 6
    assert len({span.resource["service.instance.id"] for span in served}) == 6
