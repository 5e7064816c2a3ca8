"""What a test added to the metrics: clew's own, and those made through the OpenTelemetry API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from clew import _names
from clew._runtime import Runtime
from clew.metrics import AttributePairs, DurationHistogram
from clew.testing._matching import holds


@dataclass(frozen=True)
class Point:
    """One attribute set of a metric.

    `value` is that of a counter or gauge; of a histogram, the sum of its `count` measurements.
    """

    name: str
    attributes: Mapping[str, Any]
    value: float
    count: int = 1
    histogram: bool = False


class Metrics:
    """Counters and histograms as grown since the test began; gauges as they are."""

    def __init__(self, runtime: Runtime, provider: Any) -> None:
        """`provider` is the SDK's meter provider."""
        self._pipeline = runtime.pipeline
        self._provider = provider
        self._reader = InMemoryMetricReader()
        provider.add_metric_reader(self._reader)
        self._before = self._own()

    def end(self) -> None:
        """Measure no more."""
        self._provider.remove_metric_reader(self._reader)

    def points(
        self, name: str | None = None, attributes: Mapping[str, Any] | None = None
    ) -> list[Point]:
        """Those of the metric `name` that have these `attributes`, among others perhaps."""
        return [
            point
            for point in (*self._grown(), *self._made())
            if (name is None or point.name == name) and holds(point.attributes, attributes)
        ]

    def names(self) -> set[str]:
        """Of all metrics that the test touched."""
        return {point.name for point in self.points()}

    def value(self, name: str, attributes: Mapping[str, Any] | None = None) -> float:
        """The sum of the points' values; of a histogram, of its measurements (seconds, …).

        Raises:
            AssertionError: there is no such point. The message lists what there is.
        """
        return sum(point.value for point in self._some(name, attributes))

    def count(self, name: str, attributes: Mapping[str, Any] | None = None) -> int:
        """How many measurements a histogram has; 0 where it has none.

        Raises:
            AssertionError: the metric is no histogram.
        """
        points = self.points(name, attributes)
        if not all(point.histogram for point in points):
            raise AssertionError(f"{name} is no histogram: ask for its value()")
        return sum(point.count for point in points)

    def _some(self, name: str, attributes: Mapping[str, Any] | None) -> list[Point]:
        found = self.points(name, attributes)
        if found:
            return found
        shown = "\n".join(f"  {p.name} {dict(p.attributes)} = {p.value}" for p in self.points())
        raise AssertionError(
            f"no point of {name} has {dict(attributes or {})}. There are:\n{shown or '  (none)'}"
        )

    def _own(self) -> dict[tuple[str, AttributePairs], tuple[float, int]]:
        """{(metric, attributes): (sum, count)} of clew's HTTP instruments."""
        self._pipeline.drain()
        http = self._pipeline.http
        histograms: tuple[DurationHistogram, ...] = (http.server, http.client)
        found = {
            (histogram.name, series.attributes): (series.total, series.count)
            for histogram in histograms
            for series in histogram
        }
        for attributes, active in http.active.values():
            found[_names.HTTP_SERVER_ACTIVE_REQUESTS, attributes] = float(active), 0
        return found

    def _grown(self) -> Iterator[Point]:
        for key, (total, count) in self._own().items():
            name, attributes = key
            total_before, count_before = self._before.get(key, (0.0, 0))
            histogram = name != _names.HTTP_SERVER_ACTIVE_REQUESTS
            if not histogram or count > count_before:
                yield Point(
                    name, dict(attributes), total - total_before, count - count_before, histogram
                )

    def _made(self) -> Iterator[Point]:
        """Of the SDK's instruments."""
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield _point(metric.name, point)


def _point(name: str, point: Any) -> Point:
    attributes = dict(point.attributes or {})
    if hasattr(point, "value"):
        return Point(name, attributes, point.value)
    return Point(name, attributes, point.sum, point.count, histogram=True)
