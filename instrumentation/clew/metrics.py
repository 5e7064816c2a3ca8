"""The RED store: duration histograms with exemplars, measured on the export thread.

A request does not touch it. It hands over one record, (histogram, attributes, seconds, …), and the
export thread, alone, adds it up. So sums need no lock, and are exact. Sums are cumulative since
the start of the process, as Prometheus wants them.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from opentelemetry.trace import SpanContext

from clew import _names
from clew.export._buffer import count_of

# An attribute set, as pairs in a fixed order: hashable, and cheap to make.
AttributePairs = tuple[tuple[str, Any], ...]

# Beyond this many attribute sets of one instrument, new ones are added up in one series that says
# so (metrics SDK specification, "Cardinality limits").
CARDINALITY_LIMIT = 2_000
OVERFLOW: AttributePairs = (("otel.metric.overflow", True),)

# What a request is measured by, in the order in which its record has the values.
SERVER_KEYS = (
    _names.HTTP_REQUEST_METHOD,
    _names.URL_SCHEME,
    _names.HTTP_ROUTE,
    _names.HTTP_RESPONSE_STATUS_CODE,
    _names.ERROR_TYPE,
)
CLIENT_KEYS = (
    _names.HTTP_REQUEST_METHOD,
    _names.SERVER_ADDRESS,
    _names.SERVER_PORT,
    _names.HTTP_RESPONSE_STATUS_CODE,
    _names.ERROR_TYPE,
)


# One measurement that stands for its bucket: seconds, ns since the epoch, and the span that it was
# taken in.
Exemplar = tuple[float, int, SpanContext]


class Series:
    """One attribute set of a histogram."""

    __slots__ = ("attributes", "bounds", "counts", "exemplars", "largest", "smallest", "total")

    def __init__(self, attributes: AttributePairs, bounds: tuple[float, ...]) -> None:
        self.attributes = attributes
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.smallest = float("inf")
        self.largest = float("-inf")
        # Bucket index → the newest exemplar since the last export.
        self.exemplars: dict[int, Exemplar] = {}

    @property
    def count(self) -> int:
        return sum(self.counts)


class DurationHistogram:
    """A histogram of seconds, by attributes."""

    def __init__(
        self,
        name: str,
        description: str,
        keys: tuple[str, ...] | None = None,
        limit: int = CARDINALITY_LIMIT,
        bounds: tuple[float, ...] = _names.HTTP_DURATION_BOUNDS,
    ) -> None:
        """With `keys`, measurements come with the attributes' values alone, in that order, where
        None, "" and 0 stand for absent: one flat tuple a request, which the garbage collector
        has no work with. At most `limit` attribute sets are kept apart.
        `bounds` are the buckets' upper bounds in seconds.
        """
        self._keys = keys
        self._bounds = bounds
        self.name = name
        self.description = description
        self.unit = "s"
        self._limit = limit
        self._series: dict[tuple[Any, ...], Series] = {}

    def record(
        self, attributes: tuple[Any, ...], value: float, time: int, context: SpanContext | None
    ) -> None:
        """Add `value` seconds, taken at `time` ns; `context` of a sampled span is an exemplar."""
        series = self._series.get(attributes) or self._new_series(attributes)
        # A bucket's upper bound is inclusive (data model, "Histogram").
        index = bisect_left(series.bounds, value)
        series.counts[index] += 1
        series.total += value
        if value < series.smallest:
            series.smallest = value
        if value > series.largest:
            series.largest = value
        if context is not None:
            series.exemplars[index] = value, time, context

    def _new_series(self, attributes: tuple[Any, ...]) -> Series:
        pairs: AttributePairs = attributes
        if len(self._series) >= self._limit - 1:
            attributes = pairs = OVERFLOW
        elif self._keys is not None:
            named = zip(self._keys, attributes, strict=True)
            pairs = tuple((key, value) for key, value in named if value)
        return self._series.setdefault(attributes, Series(pairs, self._bounds))

    def __iter__(self) -> Iterator[Series]:
        return iter(list(self._series.values()))

    def clear(self) -> None:
        self._series.clear()


class ActiveRequests:
    """How many requests are under way, by attributes, from two counts that need no lock."""

    def __init__(self, limit: int = CARDINALITY_LIMIT) -> None:
        self._limit = limit
        self._counts: dict[AttributePairs, tuple[itertools.count[int], itertools.count[int]]] = {}
        # What was under way in the parent when this process was forked off.
        self._inherited: dict[AttributePairs, int] = {}

    def pair(self, attributes: AttributePairs) -> tuple[itertools.count[int], itertools.count[int]]:
        """(started, finished): call `next` on the first, and later on the second."""
        found = self._counts.get(attributes)
        if found is None:
            if len(self._counts) >= self._limit - 1:
                attributes = OVERFLOW
            found = self._counts.setdefault(attributes, (itertools.count(), itertools.count()))
        return found

    def values(self) -> list[tuple[AttributePairs, int]]:
        inherited = self._inherited
        return [
            (attributes, active - inherited.get(attributes, 0))
            for attributes, active in self._active()
        ]

    def forget_parent(self) -> None:
        """Begin at 0 in a forked child. The pairs stay: the middleware keeps them."""
        self._inherited = dict(self._active())

    def _active(self) -> list[tuple[AttributePairs, int]]:
        return [
            (attributes, count_of(started) - count_of(finished))
            for attributes, (started, finished) in list(self._counts.items())
        ]


class HttpMetrics:
    """The HTTP instruments of one process. `start` is ns since the epoch."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.server = DurationHistogram(
            _names.HTTP_SERVER_REQUEST_DURATION, "Duration of HTTP server requests.", SERVER_KEYS
        )
        self.client = DurationHistogram(
            _names.HTTP_CLIENT_REQUEST_DURATION, "Duration of HTTP client requests.", CLIENT_KEYS
        )
        self.active = ActiveRequests()

    def reset(self, start: int) -> None:
        """Begin anew, as a forked child must: what the parent counted is the parent's."""
        self.start = start
        self.server.clear()
        self.client.clear()
        self.active.forget_parent()
