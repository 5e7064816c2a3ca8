"""The RED store: exact sums whatever the threads do, and bounded whatever the callers send."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew import _names
from clew.metrics import OVERFLOW, ActiveRequests, DurationHistogram, HttpMetrics
from clew.wsgi import ClewWsgiMiddleware
from tests.instrumentation.telemetry import Telemetry
from tests.instrumentation.wsgi import call

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"


def test_sums_are_exact_under_threads(clew: Telemetry) -> None:
    """Each of many requests in many threads is counted once, with its very duration."""
    threads, each = 8, 100
    barrier = threading.Barrier(threads)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK" if environ["PATH_INFO"] == "/" else "404 Not Found", [])
        return [b""]

    wrapped = ClewWsgiMiddleware(app, clew.runtime)

    def work() -> None:
        barrier.wait(20)
        for number in range(each):
            call(wrapped, PATH_INFO="/" if number % 2 else "/missing")

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    spans = clew.spans()
    assert len(spans) == threads * each
    points = clew.points(DURATION)
    by_status = {p.attributes["http.response.status_code"]: p.data for p in points}
    assert {status: data.count for status, data in by_status.items()} == {200: 400, 404: 400}
    for status, data in by_status.items():
        durations = [
            (s.data.end_time_unix_nano - s.data.start_time_unix_nano) / 1e9
            for s in spans
            if s.attributes["http.response.status_code"] == status
        ]
        assert data.sum == pytest.approx(sum(durations), abs=1e-9)
        assert (data.min, data.max) == (min(durations), max(durations))
        assert sum(data.bucket_counts) == data.count
    assert [point.number for point in clew.points(ACTIVE)] == [0]
    assert len(clew.access()) == threads * each


def test_attribute_sets_are_bounded() -> None:
    """Beyond the limit, new attribute sets share one series that says so; none is lost."""
    histogram = DurationHistogram("d", "", limit=10)
    for turn in range(2):
        for number in range(50):
            histogram.record((("k", number),), float(turn + 1), 1, None)
    series = {one.attributes: one for one in histogram}
    assert len(series) == 10
    assert sum(one.count for one in series.values()) == 100
    assert series[OVERFLOW].count == 82
    assert series[(("k", 0),)].total == 3.0


def test_routes_and_statuses_do_not_pass_the_limit(clew: Telemetry) -> None:
    """The exported histogram has at most the limit of series, with the overflow marked."""
    http = clew.runtime.pipeline.http
    for number in range(2_100):
        values = ("GET", "http", f"/{number}", 200, "")
        clew.runtime.pipeline.spans.put((http.server, values, 0.1, 1))
    points = clew.points(DURATION)
    assert len(points) == 2_000
    assert sum(point.data.count for point in points) == 2_100
    (overflow,) = (p for p in points if p.attributes.get("otel.metric.overflow") is True)
    assert overflow.data.count == 101


@given(st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=60))
def test_buckets(values: list[float]) -> None:
    """A bucket's upper bound belongs to it; above the last there is one more."""
    histogram = DurationHistogram("d", "")
    for value in values:
        histogram.record((), value, 1, None)
    (series,) = histogram
    bounds = [*_names.HTTP_DURATION_BOUNDS, float("inf")]
    cumulative = [sum(value <= bound for value in values) for bound in bounds]
    assert [sum(series.counts[: n + 1]) for n in range(len(bounds))] == cumulative
    assert series.count == len(values)


def test_active_requests_under_threads() -> None:
    """However starts and ends interleave, what is under way is exact in the end."""
    active = ActiveRequests()
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait(20)
        for turn in range(500):
            started, finished = active.pair((("k", turn % 3),))
            next(started)
            if turn < 490 or number:
                next(finished)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(value for _, value in active.values()) == 10


def test_active_requests_are_bounded() -> None:
    """Attribute sets of active requests have the same limit."""
    active = ActiveRequests(limit=5)
    for number in range(20):
        next(active.pair((("k", number),))[0])
    values = dict(active.values())
    assert len(values) == 5
    assert values[OVERFLOW] == 16


def test_a_child_begins_at_zero() -> None:
    """After a fork nothing of the parent's is counted, and pairs that are kept still count."""
    http = HttpMetrics(1)
    pair = http.active.pair((("k", 1),))
    next(pair[0])
    http.server.record(("GET", "http", "/", 200, ""), 0.1, 1, None)
    http.reset(2)
    assert (http.start, list(http.server)) == (2, [])
    assert http.active.values() == [((("k", 1),), 0)]
    next(pair[0])
    assert http.active.values() == [((("k", 1),), 1)]
