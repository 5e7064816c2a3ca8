"""Metrics: rates, percentiles, restarts, exemplars."""

from __future__ import annotations

from typing import Any

import pytest

from clew_lens.query.histogram import percentile
from clew_lens.query.increments import Increment
from tests.lens import otlp_json as otlp
from tests.lens.bench import SECOND, Bench

BOUNDS = (0.1, 1.0)
NAME = "http.server.request.duration"


def histogram(lens: Bench, *states: tuple[int, list[int]], **rest: Any) -> None:
    """Cumulative states (seconds ago, counts) of one stream."""
    start = lens.now - 3000 * SECOND
    points = [
        otlp.histogram_point(lens.now - ago * SECOND, start, counts, BOUNDS, 1.0, **rest)
        for ago, counts in states
    ]
    lens.send("/v1/metrics", otlp.metrics("users", otlp.histogram(NAME, *points)))


def values(lens: Bench, name: str = NAME, **params: str) -> list[float]:
    """Values of the first line, without gaps."""
    line = lens.get("/metrics/query", name=name, **params)["lines"][0]
    return [value for value in line["values"] if value is not None]


def test_the_catalog_lists_instruments_and_labels(lens: Bench) -> None:
    """Name, kind, unit, services and every label with its values."""
    histogram(lens, (10, [1, 0, 0]), attrs={"http.route": "/a", "code": 200})
    [found] = lens.get("/metrics")["metrics"]
    assert (found["name"], found["kind"], found["unit"]) == (NAME, "histogram", "s")
    assert found["labels"] == {"http.route": ["/a"], "code": ["200"]}
    assert "p95" in found["stats"]


def test_percentiles_come_from_what_was_added(lens: Bench) -> None:
    """The hundred fast ones of before don't hide the ten slow ones of now."""
    histogram(lens, (400, [100, 0, 0]), (30, [100, 10, 0]))
    assert values(lens, stat="p50", since="5m") == [pytest.approx(0.55)]


def test_a_rate_is_what_was_added_per_second(lens: Bench) -> None:
    """Ten more in a step, whatever the total."""
    histogram(lens, (400, [100, 0, 0]), (30, [110, 0, 0]))
    found = lens.get("/metrics/query", name=NAME, stat="rate", since="5m")
    [rate] = [value for value in found["lines"][0]["values"] if value is not None]
    assert rate * found["step_ms"] / 1000 == pytest.approx(10)


def test_a_restart_counts_from_zero(lens: Bench) -> None:
    """A total that falls is a new start, not a negative rate."""
    histogram(lens, (100, [50, 0, 0]), (30, [3, 0, 0]))
    found = lens.get("/metrics/query", name=NAME, stat="rate", since="1m")
    [rate] = [value for value in found["lines"][0]["values"] if value is not None]
    assert rate * found["step_ms"] / 1000 == pytest.approx(3)


def test_delta_streams_are_added_up(lens: Bench) -> None:
    """Two deltas in one step are their sum."""
    points = [
        otlp.histogram_point(lens.now - ago * SECOND, 0, [2, 0, 0], BOUNDS, 1.0) for ago in (3, 4)
    ]
    metric = otlp.histogram(NAME, *points)
    metric["histogram"]["aggregationTemporality"] = 1
    lens.send("/v1/metrics", otlp.metrics("users", metric))
    found = lens.get("/metrics/query", name=NAME, stat="rate", since="1d")
    total = sum(value or 0 for value in found["lines"][0]["values"]) * found["step_ms"] / 1000
    assert total == pytest.approx(4)


def test_a_gauge_is_drawn_as_it_is(lens: Bench) -> None:
    """The value itself; over several streams their mean."""
    points = [otlp.number_point(lens.now - SECOND, 5.0), otlp.number_point(lens.now - SECOND, 7.0,
              {"kind": "b"})]  # fmt: skip
    metric = {"name": "queue.depth", "unit": "1", "gauge": {"dataPoints": points}}
    lens.send("/v1/metrics", otlp.metrics("users", metric))
    assert values(lens, "queue.depth") == [6.0]
    found = lens.get("/metrics/query", name="queue.depth", by="kind")
    assert {line["label"] for line in found["lines"]} == {"", "b"}


def test_an_exponential_histogram_is_read(lens: Bench) -> None:
    """Ten values between 1 and 2 and ten between 2 and 4: the median is about 2."""
    point = {
        "timeUnixNano": str(lens.now), "startTimeUnixNano": str(lens.now - SECOND), "count": "20",
        "sum": 40.0, "scale": 0, "zeroCount": "0",
        "positive": {"offset": 0, "bucketCounts": ["10", "10"]},
    }  # fmt: skip
    data = {"dataPoints": [point], "aggregationTemporality": 2}
    metric = {"name": "size", "unit": "By", "exponentialHistogram": data}
    lens.send("/v1/metrics", otlp.metrics("users", metric))
    assert values(lens, "size", stat="p50") == [pytest.approx(2.0)]


def test_exemplars_lead_to_traces(lens: Bench) -> None:
    """Value, time and trace of single measurements."""
    exemplar = {"timeUnixNano": str(lens.now - SECOND), "asDouble": 0.7, "traceId": "a" * 32,
                "spanId": "b" * 16}  # fmt: skip
    histogram(lens, (1, [0, 1, 0]), exemplars=[exemplar], attrs={"http.route": "/a"})
    [found] = lens.get("/metrics/exemplars", name=NAME)["exemplars"]
    assert (found["value"], found["trace_id"]) == (0.7, "a" * 32)
    assert found["labels"]["http.route"] == "/a"


def test_labels_narrow_the_streams(lens: Bench) -> None:
    """Only streams with all the labels; service counts as one."""
    histogram(lens, (1, [1, 0, 0]), attrs={"http.route": "/a"})
    histogram(lens, (1, [2, 0, 0]), attrs={"http.route": "/b"})
    points = lens.get("/metrics/instant", name=NAME, labels="http.route=/b,service=users")["points"]
    assert [point["count"] for point in points] == [2]


def test_an_unknown_metric_is_not_found(lens: Bench) -> None:
    """404 with the name."""
    answer = lens.ask("/metrics/query", name="no.such")
    assert (answer.status_code, "no.such" in answer.json()["error"]) == (404, True)


@pytest.mark.parametrize(
    "counts, share, expected",
    [
        ([0, 0, 0], 0.5, None),
        ([10, 0, 0], 0.5, 0.05),
        ([0, 10, 0], 0.5, 0.55),
        ([0, 0, 10], 0.5, 1.0),
        ([5, 5, 0], 0.5, 0.1),
        ([99, 1, 0], 0.99, 0.1),
    ],
)
def test_percentile_within_buckets(counts: list[int], share: float, expected: float | None) -> None:
    """Evenly spread within a bucket; beyond the last bound, that bound."""
    found = percentile([Increment(0, 0, sum(counts), 0, counts, BOUNDS)], share)
    assert found == (None if expected is None else pytest.approx(expected))
