"""Metrics: which there are, how one went over time, its last value, its exemplars."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._errors import BadRequest, NotFound
from ..store.database import Reader
from . import histogram
from .increments import Increment, increments
from .span import span_hex, trace_hex
from .window import SECOND, Window

POINTS = 120
MOST_SERIES = 2000
MOST_LINES = 30
PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
STATS = ("value", "rate", "mean", *PERCENTILES)


@dataclass(frozen=True)
class Series:
    """One stored stream."""

    id: int
    name: str
    kind: str
    unit: str
    service: str
    temporality: str
    monotonic: bool
    labels: Mapping[str, str] = field(default_factory=dict)


def catalog(read: Reader) -> list[dict[str, Any]]:
    """Every instrument with its services and labels (at most 50 values each)."""
    rows = read.rows(
        "SELECT name, kind, any_value(unit), any_value(description), service, attrs,"
        " bool_or(monotonic) FROM series GROUP BY name, kind, service, attrs"
        " ORDER BY name LIMIT 20000"
    )
    found: dict[str, dict[str, Any]] = {}
    for name, kind, unit, description, service, attrs, monotonic in rows:
        entry = found.setdefault(
            name,
            {
                "name": name,
                "kind": kind,
                "unit": unit,
                "description": description,
                "monotonic": monotonic,
                "services": [],
                "labels": {},
                "stats": _stats(kind, monotonic),
            },
        )
        if service not in entry["services"]:
            entry["services"].append(service)
        for key, value in _labels(attrs).items():
            values = entry["labels"].setdefault(key, [])
            if value not in values and len(values) < 50:
                values.append(value)
    return list(found.values())


def _stats(kind: str, monotonic: bool) -> list[str]:
    if kind == "histogram":
        return ["p50", "p75", "p90", "p95", "p99", "rate", "mean"]
    if kind == "summary":
        return ["rate", "mean"]
    return ["rate", "value"] if monotonic else ["value"]


def _labels(attrs: str) -> dict[str, str]:
    pairs = json.loads(attrs) if attrs else {}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in
            pairs.items()}  # fmt: skip


def series_of(read: Reader, name: str, wanted: Mapping[str, str]) -> list[Series]:
    """Streams of a metric whose labels hold all of `wanted`; `service` counts as a label."""
    rows = read.rows(
        "SELECT id, name, kind, unit, service, temporality, monotonic, attrs FROM series"
        " WHERE name = ? LIMIT 20000",
        [name],
    )
    if not rows:
        raise NotFound(f"no metric named {name[:100]!r} is stored")
    found = [_series(row) for row in rows]
    kept = [one for one in found if all(one.labels.get(k) == v for k, v in wanted.items())]
    return kept[:MOST_SERIES]


def _series(row: Any) -> Series:
    key, name, kind, unit, service, temporality, monotonic, attrs = row
    labels = {"service": service, **_labels(attrs)}
    return Series(key, name, kind, unit, service, temporality, monotonic, labels)


def query(
    read: Reader, window: Window, name: str, labels: Mapping[str, str], by: str, stat: str
) -> dict[str, Any]:
    """One line for each value of the label `by`; `stat` as in the catalog, empty for its first."""
    series = series_of(read, name, labels)
    kind, monotonic = (series[0].kind, series[0].monotonic) if series else ("gauge", False)
    stat = stat or _stats(kind, monotonic)[0]
    if stat not in STATS:
        raise BadRequest(f"stat {stat[:40]!r} isn't one of {', '.join(STATS)}")
    step = window.step(POINTS)
    first, count = window.first(step), window.count(step)
    lines: dict[str, list[list[Increment]]] = {}
    owner = {one.id: one.labels.get(by, "") if by else "" for one in series}
    for series_id, index, increment in increments(read, series, first, step, window.end):
        line = lines.setdefault(owner[series_id], [[] for _ in range(count)])
        if 0 <= index < count:
            line[index].append(increment)
    drawn: list[dict[str, Any]] = [
        {"label": label, "values": [_stat(kind, stat, cell, step) for cell in line]}
        for label, line in sorted(lines.items())
    ]
    drawn.sort(key=lambda line: -sum(value or 0 for value in line["values"]))
    return {
        "name": name,
        "unit": series[0].unit if series else "",
        "kind": kind,
        "stat": stat,
        "start_us": first // 1000,
        "step_ms": step // 10**6,
        "lines": drawn[:MOST_LINES],
        "lines_left_out": max(0, len(drawn) - MOST_LINES),
    }


def _stat(kind: str, stat: str, cell: list[Increment], step: int) -> float | None:
    if not cell:
        return None
    if stat in PERCENTILES:
        return histogram.percentile(cell, PERCENTILES[stat])
    if stat == "rate":
        total = sum(i.n if kind in ("histogram", "summary") else i.value for i in cell)
        return total * SECOND / step
    if stat == "mean":
        count = sum(i.n for i in cell)
        return sum(i.sum for i in cell) / count if count else None
    total = sum(i.last for i in cell)
    return total / len(cell) if kind == "gauge" else total


def instant(read: Reader, name: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """The last point of each stream that fits."""
    series = {one.id: one for one in series_of(read, name, labels)}
    rows = read.dicts(
        "SELECT series, max(time) AS time, arg_max(value, time) AS value,"
        " arg_max(n, time) AS n, arg_max(sum, time) AS sum,"
        " arg_max(buckets, time) AS buckets, arg_max(bounds, time) AS bounds"
        " FROM points WHERE series IN (SELECT unnest(?::UBIGINT[])) GROUP BY series",
        [list(series)],
    )
    return [
        {
            "labels": dict(series[row["series"]].labels),
            "kind": series[row["series"]].kind,
            "unit": series[row["series"]].unit,
            "monotonic": series[row["series"]].monotonic,
            "time_us": row["time"] // 1000,
            "time_ns": str(row["time"]),
            "value": row["value"],
            "count": row["n"],
            "sum": row["sum"],
            "buckets": row["buckets"] or [],
            "bounds": row["bounds"] or [],
        }
        for row in rows
    ]


def exemplars(
    read: Reader,
    window: Window,
    name: str,
    labels: Mapping[str, str],
    *,
    limit: int = 500,
    spread: bool = False,
) -> list[dict[str, Any]]:
    """Measured values with the trace each was measured in, newest first.

    `spread` takes the two largest of each step instead of all, so that they cover the window.
    """
    series = {one.id: one for one in series_of(read, name, labels)}
    step = window.step(POINTS // 2)
    rank = f"row_number() OVER (PARTITION BY time // {step} ORDER BY value DESC)"
    rows = read.dicts(
        "SELECT DISTINCT * FROM exemplars WHERE series IN (SELECT unnest(?::UBIGINT[]))"
        f" AND time BETWEEN ? AND ? {f'QUALIFY {rank} <= 2' if spread else ''}"
        " ORDER BY time DESC LIMIT ?",
        [list(series), window.start, window.end, limit],
    )
    return [
        {
            "time_us": row["time"] // 1000,
            "time_ns": str(row["time"]),
            "value": row["value"],
            "trace_id": trace_hex(row["trace_hi"], row["trace_lo"]),
            "span_id": span_hex(row["span_id"]),
            "labels": dict(series[row["series"]].labels),
        }
        for row in rows
    ]
