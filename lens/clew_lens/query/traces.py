"""Traces: search, groups, and one trace whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import _names
from .._errors import NotFound
from ..store.database import Reader
from .critical import critical_path
from .span import SPAN_COLUMNS, SPAN_DETAIL, micros, millis, span, trace_hex
from .where import Where, trace_halves
from .window import Window

MOST_SPANS = 5000
"""Spans of one trace that are shown; a trace with more says so."""


@dataclass(frozen=True)
class Search:
    """What spans to look for; empty fields don't matter."""

    service: str = ""
    name: str = ""
    route: str = ""
    status: str = ""
    code: int = 0
    version: str = ""
    attribute: str = ""
    min_ms: float = 0.0
    max_ms: float = 0.0
    entries: bool = True
    """Only spans by which a request entered a service."""

    def where(self, window: Window) -> Where:
        """As conditions on the table of spans."""
        where = Where().window(window)
        if self.entries and not self.attribute:
            where.add("entry")
        where.equal("service", self.service).equal("name", self.name).equal("route", self.route)
        where.equal("version", self.version)
        if self.status:
            where.add("status = ?", _names.SPAN_STATUSES.index(self.status))
        if self.code:
            where.add("code = ?", self.code)
        if self.min_ms:
            where.add("duration >= ?", int(self.min_ms * 1e6))
        if self.max_ms:
            where.add("duration <= ?", int(self.max_ms * 1e6))
        return where.attribute("span", self.attribute)


def search(
    read: Reader, window: Window, wanted: Search, *, slowest: bool = False, limit: int = 50
) -> list[dict[str, Any]]:
    """Traces with a span that fits, newest or slowest first, each with its matching span."""
    where = wanted.where(window)
    order = "duration DESC" if slowest else "time DESC"
    # Two spans of a trace may fit, so twice as many are read as traces are wanted.
    found = read.dicts(
        f"SELECT {SPAN_COLUMNS} FROM spans{where.sql} ORDER BY {order} LIMIT ?",
        [*where.params, limit * 3],
    )
    matches: dict[tuple[int, int], dict[str, Any]] = {}
    for row in found:
        matches.setdefault((row["trace_hi"], row["trace_lo"]), row)
        if len(matches) == limit:
            break
    summaries = _summaries(read, list(matches))
    return [
        {**summaries[key], "match": span(row)} for key, row in matches.items() if key in summaries
    ]


def ids(read: Reader, window: Window, correlation_id: str) -> list[str]:
    """Ids of traces with that correlation id, in the order in which they began."""
    where = Where().window(window).equal("correlation_id", correlation_id)
    rows = read.rows(
        "SELECT trace_hi, trace_lo FROM spans WHERE trace_lo IN"
        f" (SELECT trace_lo FROM spans{where.sql}) GROUP BY ALL ORDER BY min(time) LIMIT 1000",
        where.params,
    )
    return [trace_hex(high, low) for high, low in rows]


def _summaries(read: Reader, keys: list[tuple[int, int]]) -> dict[tuple[int, int], dict[str, Any]]:
    if not keys:
        return {}
    rows = read.dicts(
        "SELECT trace_hi, trace_lo, count(*) spans, min(time) AS start,"
        " max(time + duration) - min(time) AS duration,"
        " count(*) FILTER (status = 2) errors, list(DISTINCT service) services,"
        " arg_min(service, (parent_id <> 0, time)) root_service,"
        " arg_min(name, (parent_id <> 0, time)) root_name,"
        " max(code) FILTER (parent_id = 0) root_code,"
        " max(correlation_id) AS correlation_id"
        " FROM spans WHERE trace_lo IN (SELECT unnest(?::UBIGINT[])) GROUP BY 1, 2",
        [[low for _, low in keys]],
    )
    return {(row["trace_hi"], row["trace_lo"]): _summary(row) for row in rows}


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "trace_id": trace_hex(row["trace_hi"], row["trace_lo"]),
        "time_us": micros(row["start"]),
        "duration_ms": millis(row["duration"]),
        "spans": row["spans"],
        "errors": row["errors"],
        "services": sorted(row["services"]),
        "root_service": row["root_service"],
        "root_name": row["root_name"],
        "code": row["root_code"] or 0,
        "correlation_id": row["correlation_id"],
    }


def groups(read: Reader, window: Window, wanted: Search) -> list[dict[str, Any]]:
    """Entry spans by service, name, status and code: failing groups first, then the slowest."""
    where = wanted.where(window)
    rows = read.dicts(
        "SELECT service, name, status, code, count(*) AS n,"
        " quantile_disc(duration, [0.5, 0.95]) q, max(duration) AS worst,"
        " arg_max(trace_hi, duration) hi, arg_max(trace_lo, duration) lo"
        f" FROM spans{where.sql} GROUP BY service, name, status, code"
        " ORDER BY status = 2 DESC, q[2] DESC LIMIT 100",
        where.params,
    )
    return [
        {
            "service": row["service"],
            "name": row["name"],
            "status": _names.SPAN_STATUSES[row["status"]],
            "code": row["code"],
            "count": row["n"],
            "p50_ms": millis(row["q"][0]),
            "p95_ms": millis(row["q"][1]),
            "max_ms": millis(row["worst"]),
            "slowest_trace_id": trace_hex(row["hi"], row["lo"]),
        }
        for row in rows
    ]


def trace(read: Reader, trace_id: str) -> dict[str, Any]:
    """One trace with all detail. Raises NotFound."""
    found = spans_of(read, [trace_halves(trace_id)])
    if not found:
        raise NotFound(f"no span of trace {trace_id} is stored")
    return shaped(found)


def spans_of(read: Reader, keys: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """All spans of some traces, in order of start."""
    if not keys:
        return []
    rows = read.dicts(
        f"SELECT {SPAN_DETAIL} FROM spans WHERE trace_lo IN (SELECT unnest(?::UBIGINT[]))"
        " AND trace_hi IN (SELECT unnest(?::UBIGINT[])) ORDER BY time, parent_id LIMIT ?",
        [[low for _, low in keys], [high for high, _ in keys], MOST_SPANS + 1],
    )
    unique: dict[tuple[int, int], dict[str, Any]] = {}
    for row in rows:
        # A sender that retries after a lost answer sends a span twice: it is shown once.
        unique.setdefault((row["trace_lo"], row["span_id"]), row)
    return [span(row) for row in unique.values()]


def shaped(spans: list[dict[str, Any]]) -> dict[str, Any]:
    """Spans of one trace with what is computed from them all."""
    start = min(item["time_us"] for item in spans)
    end = max(item["time_us"] + item["duration_ms"] * 1000 for item in spans)
    return {
        "trace_id": spans[0]["trace_id"],
        "time_us": start,
        "duration_ms": round((end - start) / 1000, 3),
        "services": sorted({item["service"] for item in spans}),
        "errors": sum(item["status"] == "error" for item in spans),
        "truncated": len(spans) > MOST_SPANS,
        "spans": spans[:MOST_SPANS],
        "critical_path": critical_path(spans[:MOST_SPANS]),
    }
