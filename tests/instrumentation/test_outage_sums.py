"""Sums and their start go on through an outage, and what waited keeps its own time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.instrumentation.telemetry import FLUSH_S, Telemetry
from tests.support.otlp_sink import Answer, Sink

NAME = "http.server.request.duration"


def _points(sink: Sink) -> list[Any]:
    """Every data point of the histogram that arrived, oldest first."""
    found = [
        point
        for metric in sink.metrics()
        if metric.data.name == NAME
        for point in metric.data.histogram.data_points
    ]
    return sorted(found, key=lambda point: point.time_unix_nano)


def test_sums_go_on(make: Callable[..., Telemetry], sink: Sink, tmp_path: Path) -> None:
    """Exports from before, during and after: one start, counts that only grow, none missing."""
    it = make(CLEW_SPOOL_DIR=str(tmp_path))
    histogram = it.runtime.pipeline.http.server
    key = ("GET", "http", "/items/{item}", 200, "")

    def measured(requests: int) -> None:
        for _ in range(requests):
            histogram.record(key, 0.01, 1, None)
        it.runtime.pipeline.export_metrics()

    measured(3)
    assert it.runtime.flush(FLUSH_S)
    sink.answer = lambda request: Answer(status=503)
    measured(2)
    assert not it.runtime.flush(0.3)
    measured(4)
    sink.reset()
    assert it.runtime.flush(FLUSH_S)
    points = _points(sink)
    assert len({point.start_time_unix_nano for point in points}) == 1
    assert {3, 5, 9} <= {point.count for point in points}
    counts = [point.count for point in points]
    assert counts == sorted(counts)
