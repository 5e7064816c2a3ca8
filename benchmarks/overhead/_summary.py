"""Slices → one row for each configuration: medians and spread, against its reference."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.overhead._configurations import Configuration
from benchmarks.overhead._sample import Sample


@dataclass(frozen=True)
class Spread:
    """Median and quartiles over the slices. With `error`, how far the median itself may be off:
    half of the interval that holds it with 95% confidence, by the ranks of the slices."""

    median: float
    low: float
    high: float
    error: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        known = sorted(values)
        number = len(known)
        low, high = known[number // 4], known[-1 - number // 4]
        # The median's rank is binomial; 1.96 of its standard deviations to each side.
        off = 1.96 * math.sqrt(number) / 2
        below = max(0, math.floor(number / 2 - off))
        above = min(number - 1, math.ceil(number / 2 + off))
        return cls(statistics.median(known), low, high, (known[above] - known[below]) / 2)


@dataclass(frozen=True)
class Row:
    """One configuration over all slices that count. Differences and ratios are within a pair of
    slices, which were measured within seconds of each other.

    `rate` is requests a second, `cpu_us` CPU time a request; the `*_ratio` are to the reference.
    `cpu_floor_us` compares the least of all slices with the reference's least: whatever disturbs a
    slice only makes it longer, so on a busy machine this tells more than a median.
    `rest_more_ms` is CPU time in a second without a request, more than the reference's.
    `arrived` is {kind of evidence: arrived / served}, over all rounds.
    """

    configuration: Configuration
    rate: Spread
    rate_ratio: Spread
    cpu_us: Spread
    cpu_more_us: Spread
    cpu_ratio: Spread
    cpu_floor_us: float
    p50_ratio: Spread
    p99_ratio: Spread
    resident_more_bytes: Spread
    rest_more_ms: Spread
    arrived: dict[str, float]


def summary(configurations: Sequence[Configuration], samples: Sequence[Sample]) -> list[Row]:
    """A row for each configuration of which a slice counts, and whose reference has one."""
    known = {(one.configuration, one.round, one.slice): one for one in samples}
    rows = []
    for configuration in configurations:
        pairs = [
            (one, known[configuration.reference, one.round, one.slice])
            for one in samples
            if one.configuration == configuration.name
            and not one.void(configuration)
            and (configuration.reference, one.round, one.slice) in known
        ]
        if pairs:
            rows.append(_row(configuration, pairs))
    return rows


def _row(configuration: Configuration, pairs: list[tuple[Sample, Sample]]) -> Row:
    def spread(value: Callable[[Sample, Sample], float]) -> Spread:
        return Spread.of(value(one, bare) for one, bare in pairs)

    served = sum(one.served for one, _ in pairs)
    return Row(
        configuration=configuration,
        rate=spread(lambda one, _: one.load.rate),
        rate_ratio=spread(lambda one, bare: one.load.rate / bare.load.rate),
        cpu_us=spread(lambda one, _: one.cpu_us),
        cpu_more_us=spread(lambda one, bare: one.cpu_us - bare.cpu_us),
        cpu_ratio=spread(lambda one, bare: one.cpu_us / bare.cpu_us),
        cpu_floor_us=min(one.cpu_us for one, _ in pairs) - min(bare.cpu_us for _, bare in pairs),
        p50_ratio=spread(lambda one, bare: one.load.p50_us / bare.load.p50_us),
        p99_ratio=spread(lambda one, bare: one.load.p99_us / bare.load.p99_us),
        resident_more_bytes=spread(lambda one, bare: one.resident_bytes - bare.resident_bytes),
        rest_more_ms=spread(lambda one, bare: one.rest_ms - bare.rest_ms),
        arrived={
            kind: sum(one.arrived[kind] for one, _ in pairs) / served
            for kind in configuration.expects
        },
    )


def voids(configurations: Sequence[Configuration], samples: Sequence[Sample]) -> list[str]:
    """A sentence for each round that counts for nothing."""
    by_name = {one.name: one for one in configurations}
    # A server that lost something lost it for all of its slices: one sentence.
    sentences = {
        (one.configuration, one.round): f"{one.configuration}, round {one.round + 1}: {why}"
        for one in samples
        if (why := one.void(by_name[one.configuration]))
    }
    return list(sentences.values())
