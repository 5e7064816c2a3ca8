"""Percentiles from bucket counts.

Within a bucket the values are taken as spread evenly, as Prometheus' histogram_quantile does; the
last bucket has no upper bound, so its lower bound is the answer there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .increments import Increment


def percentile(parts: Iterable[Increment], share: float) -> float | None:
    """The value below which `share` of all measurements lie; None without buckets."""
    merged: dict[float, int] = {}
    for part in parts:
        bounds = [*part.bounds, float("inf")]
        for bound, count in zip(bounds, part.buckets, strict=False):
            if count > 0:
                merged[bound] = merged.get(bound, 0) + count
            else:
                merged.setdefault(bound, 0)
    return _within(sorted(merged.items()), share)


def _within(buckets: Sequence[tuple[float, int]], share: float) -> float | None:
    total = sum(count for _, count in buckets)
    if not total:
        return None
    rank, below, lower = share * total, 0, 0.0
    for upper, count in buckets:
        if count and below + count >= rank:
            if upper == float("inf"):
                return lower
            if not below and upper <= 0:
                return upper
            return lower + (upper - lower) * (rank - below) / count
        below += count
        lower = upper
    return lower
