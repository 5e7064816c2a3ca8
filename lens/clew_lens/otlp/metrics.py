"""Metric points of an export request to rows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..store.batch import Batch, ExemplarRow, PointRow, ResourceRow, SeriesRow
from .exponential import explicit
from .limits import Limits
from .resources import Resources, stable_id
from .times import sane
from .values import attributes, to_json

_TEMPORALITY = {0: "", 1: "delta", 2: "cumulative"}
_NONE = "[]"


class _Stream(NamedTuple):
    """What all points of one metric share."""

    metric: Any
    kind: str
    temporality: str
    monotonic: bool
    resource: ResourceRow


def decode(request: Any, resources: Resources, limits: Limits, now: int) -> Batch:
    """An ExportMetricsServiceRequest as a batch; `now` in nanoseconds since 1970."""
    batch = Batch()
    for group in request.resource_metrics:
        resource = resources.row(group.resource)
        batch.resources[resource.id] = resource
        for scoped in group.scope_metrics:
            for metric in scoped.metrics:
                _metric(metric, resource, batch, limits, now)
    return batch


def _metric(metric: Any, resource: ResourceRow, batch: Batch, limits: Limits, now: int) -> None:
    kind = metric.WhichOneof("data")
    if kind is None:
        batch.reject("metric without data")
        return
    data = getattr(metric, kind)
    temporality = _TEMPORALITY.get(getattr(data, "aggregation_temporality", 0), "")
    monotonic = bool(getattr(data, "is_monotonic", False)) or "histogram" in kind
    stream = _Stream(metric, kind, temporality, monotonic, resource)
    for point in data.data_points:
        series = _series(stream, point, limits)
        batch.series.setdefault(series.id, series)
        time = sane(point.time_unix_nano, now, limits)
        batch.points.append(_point(stream.kind, point, series.id, time, limits))
        for exemplar in getattr(point, "exemplars", ()):
            batch.exemplars.extend(_exemplar(exemplar, series.id, limits, now))


def _series(stream: _Stream, point: Any, limits: Limits) -> SeriesRow:
    attrs, _ = attributes(point.attributes, limits)
    attrs_json = to_json(dict(sorted(attrs.items())))
    metric = stream.metric
    name, unit = metric.name[: limits.name], metric.unit[:64]
    kind = "histogram" if stream.kind == "exponential_histogram" else stream.kind
    shape = (kind, stream.temporality, stream.monotonic)
    return SeriesRow(
        id=stable_id(stream.resource.id, name, unit, *shape, attrs_json),
        name=name,
        kind=kind,
        unit=unit,
        description=metric.description[: limits.value],
        service=stream.resource.service,
        resource=stream.resource.id,
        temporality=stream.temporality,
        monotonic=stream.monotonic,
        attrs=attrs_json,
    )


def _number(point: Any) -> float:
    value = float(getattr(point, point.WhichOneof("value") or "as_double"))
    return value if math.isfinite(value) else 0.0


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _point(kind: str, point: Any, series: int, time: int, limits: Limits) -> PointRow:
    start = min(point.start_time_unix_nano, time)
    if kind in ("gauge", "sum"):
        return PointRow(series, time, start, _number(point), 0, 0.0, 0.0, 0.0, _NONE, _NONE)
    if kind == "summary":
        count, total = min(point.count, 1 << 62), _finite(point.sum)
        mean = total / count if count else 0.0
        return PointRow(series, time, start, mean, count, total, 0.0, 0.0, _NONE, _NONE)
    if kind == "exponential_histogram":
        counts, bounds = explicit(point)
    else:
        counts, bounds = list(point.bucket_counts), list(point.explicit_bounds)
    if len(counts) != len(bounds) + 1 or len(counts) > limits.buckets:
        counts, bounds = [], []
    if not all(map(math.isfinite, bounds)):
        counts, bounds = [], []
    count, total = min(point.count, 1 << 62), _finite(point.sum)
    return PointRow(
        series=series,
        time=time,
        start=start,
        value=total / count if count else 0.0,
        n=count,
        sum=total,
        min=_finite(point.min) if point.HasField("min") else 0.0,
        max=_finite(point.max) if point.HasField("max") else 0.0,
        buckets=json.dumps(counts),
        bounds=json.dumps(bounds),
    )


def _exemplar(exemplar: Any, series: int, limits: Limits, now: int) -> Iterator[ExemplarRow]:
    if len(exemplar.trace_id) == 16 and len(exemplar.span_id) == 8:
        time = sane(exemplar.time_unix_nano, now, limits)
        yield ExemplarRow(series, time, _number(exemplar), exemplar.trace_id, exemplar.span_id)
