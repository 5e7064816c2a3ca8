"""Metrics → OTLP (opentelemetry/proto/metrics/v1/metrics.proto).

Three sources leave in one request: clew's own HTTP instruments, the SDK's instruments that user
code made through the OpenTelemetry API, and clew's counts of its own health.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.metrics.export import (
    ExponentialHistogram,
    Gauge,
    Histogram,
    MetricsData,
    Sum,
)
from opentelemetry.sdk.resources import Resource

from clew import metrics
from clew.export import _common
from clew.export import _protobuf as pb

_CUMULATIVE = 2


def request(resource: Resource, scopes: Sequence[bytes]) -> bytes:
    """An ExportMetricsServiceRequest of encoded `ScopeMetrics`."""
    body = _common.resource(resource) + b"".join(scopes) + pb.string(3, resource.schema_url)
    return pb.delimited(1, body)


def scope_metrics(name: str, version: str, encoded: Sequence[bytes]) -> bytes:
    scope = pb.delimited(1, pb.string(1, name) + pb.string(2, version))
    return pb.delimited(2, scope + b"".join(encoded))


def duration(histogram: metrics.DurationHistogram, start: int, now: int) -> bytes:
    """One histogram as a `Metric`; b"" where nothing was measured. Takes its exemplars along."""
    points = [_duration_point(series, start, now) for series in histogram]
    if not points:
        return b""
    data = b"".join(points) + pb.unsigned(2, _CUMULATIVE)
    return _metric(histogram.name, histogram.description, histogram.unit, 9, data)


def _duration_point(series: metrics.Series, start: int, now: int) -> bytes:
    taken, series.exemplars = series.exemplars, {}
    exemplars = [
        pb.delimited(
            8,
            pb.fixed64(2, time)
            + pb.double(3, value)
            + pb.delimited(4, context.span_id.to_bytes(8, "big"))
            + pb.delimited(5, context.trace_id.to_bytes(16, "big")),
        )
        for value, time, context in taken.values()
    ]
    return _histogram_point(
        attributes=dict(series.attributes),
        start=start,
        now=now,
        count=series.count,
        total=series.total,
        counts=series.counts,
        bounds=series.bounds,
        smallest=series.smallest,
        largest=series.largest,
        exemplars=exemplars,
    )


def sum_of(
    name: str,
    description: str,
    unit: str,
    points: Sequence[tuple[Mapping[str, Any], float]],
    start: int,
    now: int,
    *,
    monotonic: bool,
) -> bytes:
    """A cumulative sum as a `Metric`; b"" without points."""
    if not points:
        return b""
    data = [
        pb.delimited(1, _number_point(attributes, start, now, value, b""))
        for attributes, value in points
    ]
    body = b"".join(data) + pb.unsigned(2, _CUMULATIVE) + pb.unsigned(3, int(monotonic))
    return _metric(name, description, unit, 7, body)


def gauge(
    name: str,
    description: str,
    unit: str,
    points: Sequence[tuple[Mapping[str, Any], float]],
    now: int,
) -> bytes:
    """A gauge as a `Metric`; b"" without points."""
    if not points:
        return b""
    data = [
        pb.delimited(1, _number_point(attributes, 0, now, value, b""))
        for attributes, value in points
    ]
    return _metric(name, description, unit, 5, b"".join(data))


def bucketed(
    name: str,
    description: str,
    unit: str,
    points: Sequence[tuple[Mapping[str, Any], Sequence[float], Sequence[int], float]],
    start: int,
    now: int,
) -> bytes:
    """A cumulative histogram as a `Metric`, of (attributes, bounds, counts, sum); b"" if empty."""
    if not points:
        return b""
    data = [
        _histogram_point(
            attributes=attributes, start=start, now=now, count=sum(counts), total=total,
            counts=counts, bounds=bounds, smallest=None, largest=None, exemplars=(),
        )
        for attributes, bounds, counts, total in points
    ]  # fmt: skip
    return _metric(name, description, unit, 9, b"".join(data) + pb.unsigned(2, _CUMULATIVE))


def sdk_scopes(data: MetricsData | None) -> list[bytes]:
    """What an SDK metric reader collected, as encoded `ScopeMetrics`."""
    if data is None:
        return []
    return [
        pb.delimited(
            2,
            _common.scope(scope.scope)
            + b"".join(_sdk_metric(metric) for metric in scope.metrics)
            + pb.string(3, scope.schema_url or ""),
        )
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
    ]


def _metric(name: str, description: str, unit: str, field: int, data: bytes) -> bytes:
    return pb.delimited(
        2,
        pb.string(1, name)
        + pb.string(2, description)
        + pb.string(3, unit)
        + pb.delimited(field, data),
    )


def _sdk_metric(metric: Any) -> bytes:
    data = metric.data
    points = data.data_points
    if isinstance(data, Gauge):
        field, body = 5, b"".join(_sdk_number(point) for point in points)
    elif isinstance(data, Sum):
        field, body = 7, b"".join(_sdk_number(point) for point in points)
        body += pb.unsigned(2, int(data.aggregation_temporality))
        body += pb.unsigned(3, int(data.is_monotonic))
    elif isinstance(data, Histogram):
        field, body = 9, b"".join(_sdk_histogram(point) for point in points)
        body += pb.unsigned(2, int(data.aggregation_temporality))
    elif isinstance(data, ExponentialHistogram):
        field, body = 10, b"".join(_sdk_exponential(point) for point in points)
        body += pb.unsigned(2, int(data.aggregation_temporality))
    else:
        raise TypeError(f"metric {metric.name!r} has data of unknown type {type(data).__name__}")
    return _metric(metric.name, metric.description or "", metric.unit or "", field, body)


def _sdk_number(point: Any) -> bytes:
    start = getattr(point, "start_time_unix_nano", None) or 0
    exemplars = _sdk_exemplars(5, point.exemplars)
    return pb.delimited(
        1, _number_point(point.attributes, start, point.time_unix_nano, point.value, exemplars)
    )


def _number_point(
    attributes: Mapping[str, Any] | None, start: int, now: int, value: float, exemplars: bytes
) -> bytes:
    number = pb.fixed64(6, value) if isinstance(value, int) else pb.double(4, value)
    return (
        (pb.fixed64(2, start) if start else b"")
        + pb.fixed64(3, now)
        + number
        + exemplars
        + pb.attributes(7, attributes)
    )


def _sdk_histogram(point: Any) -> bytes:
    return _histogram_point(
        attributes=point.attributes,
        start=point.start_time_unix_nano,
        now=point.time_unix_nano,
        count=point.count,
        total=point.sum,
        counts=point.bucket_counts,
        bounds=point.explicit_bounds,
        smallest=point.min,
        largest=point.max,
        exemplars=[_sdk_exemplars(8, point.exemplars)],
    )


def _histogram_point(
    *,
    attributes: Mapping[str, Any] | None,
    start: int,
    now: int,
    count: int,
    total: float,
    counts: Sequence[int],
    bounds: Sequence[float],
    smallest: float | None,
    largest: float | None,
    exemplars: Sequence[bytes],
) -> bytes:
    return pb.delimited(
        1,
        pb.fixed64(2, start)
        + pb.fixed64(3, now)
        + pb.fixed64(4, count)
        + pb.double(5, total)
        + pb.delimited(6, struct.pack(f"<{len(counts)}Q", *counts))
        + pb.delimited(7, struct.pack(f"<{len(bounds)}d", *bounds))
        + b"".join(exemplars)
        + pb.attributes(9, attributes)
        + (pb.double(11, smallest) if smallest is not None else b"")
        + (pb.double(12, largest) if largest is not None else b""),
    )


def _sdk_exponential(point: Any) -> bytes:
    return pb.delimited(
        1,
        pb.attributes(1, point.attributes)
        + pb.fixed64(2, point.start_time_unix_nano)
        + pb.fixed64(3, point.time_unix_nano)
        + pb.fixed64(4, point.count)
        + pb.double(5, point.sum)
        + pb.unsigned(6, _zigzag(point.scale))
        + pb.fixed64(7, point.zero_count)
        + _buckets(8, point.positive)
        + _buckets(9, point.negative)
        + pb.unsigned(10, point.flags)
        + _sdk_exemplars(11, point.exemplars)
        + pb.double(12, point.min)
        + pb.double(13, point.max),
    )


def _buckets(field: int, buckets: Any) -> bytes:
    if not buckets.bucket_counts:
        return b""
    packed = b"".join(pb.varint(count) for count in buckets.bucket_counts)
    return pb.delimited(field, pb.unsigned(1, _zigzag(buckets.offset)) + pb.delimited(2, packed))


def _zigzag(number: int) -> int:
    """A signed number as sint32 writes it: small ones stay small."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def _sdk_exemplars(field: int, exemplars: Sequence[Any] | None) -> bytes:
    return b"".join(pb.delimited(field, _sdk_exemplar(item)) for item in exemplars or ())


def _sdk_exemplar(exemplar: Any) -> bytes:
    value = exemplar.value
    body = pb.fixed64(2, exemplar.time_unix_nano)
    body += pb.fixed64(6, value) if isinstance(value, int) else pb.double(3, value)
    if exemplar.span_id is not None and exemplar.trace_id is not None:
        body += pb.delimited(4, exemplar.span_id.to_bytes(8, "big"))
        body += pb.delimited(5, exemplar.trace_id.to_bytes(16, "big"))
    return body + pb.attributes(7, exemplar.filtered_attributes)
