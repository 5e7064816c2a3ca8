"""Exponential histograms as explicit ones, so that everything after knows one shape.

Source: OpenTelemetry metrics data model, ExponentialHistogram: with base = 2**(2**-scale), bucket i
holds (base**i, base**(i+1)].
"""

from __future__ import annotations

from typing import Any

MOST = 320
"""Buckets kept: the SDK's default is 160 on each side."""


def explicit(point: Any) -> tuple[list[int], list[float]]:
    """Bucket counts and upper bounds, one bound less than counts."""
    positive, negative = list(point.positive.bucket_counts), list(point.negative.bucket_counts)
    if len(positive) + len(negative) > MOST or not -20 <= point.scale <= 20:
        return [], []
    exponent = 2.0**-point.scale
    counts: list[int] = []
    bounds: list[float] = []
    try:
        for index in range(len(negative) - 1, -1, -1):
            counts.append(negative[index])
            bounds.append(-(2.0 ** ((point.negative.offset + index) * exponent)))
        counts.append(point.zero_count)
        bounds.append(2.0 ** (point.positive.offset * exponent) if positive else 0.0)
        for index, count in enumerate(positive):
            counts.append(count)
            bounds.append(2.0 ** ((point.positive.offset + index + 1) * exponent))
    except OverflowError:
        return [], []
    counts.append(0)
    return counts, bounds
