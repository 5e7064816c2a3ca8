"""The writer: one commit for many, nothing lost silently, a bound on what waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew_lens.otlp import spans
from clew_lens.otlp.limits import Limits
from clew_lens.otlp.messages import from_json
from clew_lens.otlp.resources import Resources
from clew_lens.store import Batch, Busy, Database, Writer, insert
from clew_lens.store.batch import PointRow, SeriesRow
from tests.lens import otlp_json as otlp


def batch(name: str = "x", size: int = 10) -> Batch:
    """A batch with one span."""
    import json

    now = time.time_ns()
    message = otlp.traces("users", otlp.span("a" * 32, "b" * 16, name, start=now))
    request = from_json(ExportTraceServiceRequest(), json.dumps(message).encode())
    made = spans.decode(request, Resources(Limits()), Limits(), now)
    made.size = size
    return made


@pytest.fixture
def database() -> Iterator[Database]:
    """An empty store in memory."""
    made = Database()
    yield made
    made.close()


def test_streams_over_the_bound_are_left_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label that never repeats can't fill the store: later streams are left out, and counted."""
    monkeypatch.setattr(insert, "MOST_SERIES", 2)
    writer = Writer(database, interval=0.0)
    writer.start()
    for key in (1, 2, 3, 1):
        writer.put(point(key))
    assert writer.flush()
    with database.reader() as read:
        assert read.rows("SELECT series FROM points ORDER BY 1") == [(1,), (1,), (2,)]
    assert (writer.left_out, writer.counts.lost) == (1, 0)
    writer.stop()


def point(key: int) -> Batch:
    """A batch with one point of one stream."""
    row = SeriesRow(key, "a", "gauge", "", "", "users", 1, "", False, "")
    points = [PointRow(key, time.time_ns(), 0, 1.0, 0, 0.0, 0.0, 0.0, "[]", "[]")]
    return Batch(series={key: row}, points=points, size=1)


def names(database: Database) -> list[str]:
    """Names of the stored spans, in order of arrival."""
    with database.reader() as read:
        return [row[0] for row in read.rows("SELECT name FROM spans ORDER BY seq")]


def test_batches_are_gathered_into_few_commits(database: Database) -> None:
    """A hundred batches that wait are one transaction, in their order."""
    writer = Writer(database, interval=0.0)
    for index in range(100):
        writer.put(batch(str(index)))
    writer.start()
    assert writer.flush()
    assert writer.counts.commits == 1
    assert names(database) == [str(index) for index in range(100)]
    writer.stop()


def test_a_full_queue_refuses_and_counts(database: Database) -> None:
    """Beyond the bound Busy is raised; what was accepted is kept."""
    writer = Writer(database, queue_limit=25)
    writer.put(batch("a"))
    writer.put(batch("b"))
    with pytest.raises(Busy):
        writer.put(batch("c"))
    assert writer.counts.refused == 1
    writer.start()
    assert writer.flush()
    assert names(database) == ["a", "b"]
    writer.put(batch("d"))  # room again
    writer.stop()


def test_one_request_over_the_bound_still_gets_in(database: Database) -> None:
    """A single batch larger than the queue isn't refused forever."""
    writer = Writer(database, queue_limit=5)
    writer.put(batch("big", size=50))
    writer.start()
    assert writer.flush()
    assert names(database) == ["big"]
    writer.stop()


def test_a_poisoned_batch_costs_only_itself(database: Database) -> None:
    """A row that the database refuses loses its own batch, is counted, and the rest is stored."""
    bad = batch("bad")
    bad.spans[0] = replace_row(bad)
    writer = Writer(database, interval=0.0)
    for one in (batch("a"), bad, batch("b")):
        writer.put(one)
    writer.start()
    assert writer.flush()
    assert names(database) == ["a", "b"]
    assert (writer.counts.lost, writer.counts.spans) == (1, 2)
    writer.stop()


def replace_row(found: Batch):  # type: ignore[no-untyped-def]
    """A row whose name can't be stored: half a surrogate pair isn't text."""
    return found.spans[0]._replace(name="\ud800")


def test_stopping_commits_what_waits(database: Database) -> None:
    """A long interval doesn't hold back the end."""
    writer = Writer(database, interval=3600.0)
    writer.start()
    writer.put(batch("last"))
    writer.stop()
    assert names(database) == ["last"]


def test_readers_see_whole_commits_only(database: Database) -> None:
    """While the writer writes, a reader never sees a span without its tokens."""
    writer = Writer(database, interval=0.0)
    writer.start()
    seen: list[bool] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            with database.reader() as read:
                spans_count, tokens = read.one(
                    "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM span_tokens)"
                )
            seen.append(spans_count == tokens)

    watcher = threading.Thread(target=look)
    watcher.start()
    one = batch()
    tokened = replace(one, span_tokens=[[7]])
    for _ in range(200):
        writer.put(tokened)
    assert writer.flush()
    done.set()
    watcher.join()
    assert seen and all(seen)
    writer.stop()


def test_what_comes_later_runs_on_the_writers_thread(database: Database) -> None:
    """Retention is called there, when its time has come, and an error in it is survived."""
    clock = iter(range(0, 10_000, 100))
    threads: list[str] = []
    called = threading.Event()

    def every(connection: object) -> bool:
        threads.append(threading.current_thread().name)
        called.set()
        return False

    writer = Writer(
        database, interval=0.0, every=every, every_seconds=10, clock=lambda: next(clock)
    )
    writer.start()
    writer.put(batch())
    assert called.wait(10)
    assert set(threads) == {"lens-writer"}
    writer.stop()
