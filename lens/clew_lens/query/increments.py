"""Points of metric streams as what was added in each step of time.

Cumulative streams tell totals since their start; a total that falls, or a new start, is a restart,
and counts from zero (OpenTelemetry metrics data model, "Resets and gaps").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..store.database import Reader

if TYPE_CHECKING:
    from .metrics import Series

LOOK_BACK = 300_000_000_000
"""Nanoseconds before the window in which a total to count from is looked for."""
MOST_POINTS = 200_000


class Increment(NamedTuple):
    """What one stream added in one step; `last` is its value at the end of the step."""

    value: float
    last: float
    n: int
    sum: float
    buckets: Sequence[int]
    bounds: Sequence[float]


class _Point(NamedTuple):
    series: int
    step: int
    start: int
    value: float
    n: int
    sum: float
    buckets: list[int]
    bounds: list[float]


_LAST = """
SELECT series, (time - ?) // ? AS step, arg_max(start, time), arg_max(value, time),
       arg_max(n, time), arg_max(sum, time), arg_max(buckets, time), arg_max(bounds, time)
FROM points WHERE series IN (SELECT unnest(?::UBIGINT[])) AND time BETWEEN ? AND ?
GROUP BY ALL ORDER BY series, step LIMIT ?
"""
_EACH = """
SELECT series, (time - ?) // ? AS step, start, value, n, sum, buckets, bounds
FROM points WHERE series IN (SELECT unnest(?::UBIGINT[])) AND time BETWEEN ? AND ?
ORDER BY series, time LIMIT ?
"""


def increments(
    read: Reader, series: Sequence[Series], first: int, step: int, end: int
) -> Iterator[tuple[int, int, Increment]]:
    """(series id, step, increment) for all points from `first` to `end`, in nanoseconds."""
    delta = [one.id for one in series if one.temporality == "delta"]
    other = {one.id: one.temporality == "cumulative" and one.monotonic for one in series}
    if delta:
        for row in read.rows(_EACH, [first, step, delta, first, end, MOST_POINTS]):
            point = _Point(*row)
            yield point.series, point.step, _whole(point)
    rest = [key for key in other if key not in set(delta)]
    if not rest:
        return
    since = first - LOOK_BACK
    previous: _Point | None = None
    for row in read.rows(_LAST, [first, step, rest, since, end, MOST_POINTS]):
        point = _Point(*row)
        known = previous if previous is not None and previous.series == point.series else None
        previous = point
        if point.step < 0:
            continue
        if not other[point.series]:
            yield point.series, point.step, _whole(point)
        elif known is not None:
            yield point.series, point.step, _difference(known, point)
        elif point.start >= since:
            yield point.series, point.step, _whole(point)


def _whole(point: _Point) -> Increment:
    return Increment(
        point.value, point.value, point.n, point.sum, point.buckets or (), point.bounds or ()
    )


def _difference(before: _Point, now: _Point) -> Increment:
    restarted = (
        now.start > before.start or now.n < before.n or (not now.n and now.value < before.value)
    )
    if restarted or before.bounds != now.bounds:
        return _whole(now)
    buckets = [b - a for a, b in zip(before.buckets or (), now.buckets or (), strict=False)]
    return Increment(
        value=now.value - before.value,
        last=now.value,
        n=now.n - before.n,
        sum=now.sum - before.sum,
        buckets=buckets,
        bounds=now.bounds or (),
    )
