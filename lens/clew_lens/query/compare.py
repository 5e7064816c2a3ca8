"""Two traces side by side, and one route in two versions."""

from __future__ import annotations

from typing import Any

from ..store.database import Reader
from .span import millis
from .traces import trace
from .where import Where
from .window import Window


def traces(read: Reader, first: str, second: str) -> dict[str, Any]:
    """Both traces, and for each (service, span name) how often and how long in each."""
    a, b = trace(read, first), trace(read, second)
    sides = (_by_name(a["spans"]), _by_name(b["spans"]))
    rows = []
    for service, name in dict.fromkeys([*sides[0], *sides[1]]):
        left = sides[0].get((service, name), _NONE)
        right = sides[1].get((service, name), _NONE)
        rows.append(
            {
                "service": service,
                "name": name,
                "a": left,
                "b": right,
                "difference_ms": round(right["self_ms"] - left["self_ms"], 3),
            }
        )
    rows.sort(key=lambda row: -abs(row["difference_ms"]))
    return {"a": a, "b": b, "rows": rows}


_NONE: dict[str, Any] = {"count": 0, "total_ms": 0.0, "self_ms": 0.0, "errors": 0}


def _by_name(spans: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Sums by (service, name). Self time is a span's own, less what its children cover."""
    children: dict[str, list[tuple[float, float]]] = {}
    for span in spans:
        start = float(span["time_us"])
        interval = (start, start + span["duration_ms"] * 1000)
        children.setdefault(span["parent_id"], []).append(interval)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for span in spans:
        entry = found.setdefault((span["service"], span["name"]), dict(_NONE))
        start = float(span["time_us"])
        end = start + span["duration_ms"] * 1000
        covered = _covered(children.get(span["span_id"], []), start, end)
        entry["count"] += 1
        entry["total_ms"] = round(entry["total_ms"] + span["duration_ms"], 3)
        entry["self_ms"] = round(entry["self_ms"] + (end - start - covered) / 1000, 3)
        entry["errors"] += span["status"] == "error"
    return found


def _covered(intervals: list[tuple[float, float]], start: float, end: float) -> float:
    total, reached = 0.0, start
    for left, right in sorted(intervals):
        left, right = max(left, reached), min(right, end)
        if right > left:
            total += right - left
            reached = right
    return total


def versions(
    read: Reader, window: Window, service: str, name: str, first: str, second: str
) -> dict[str, Any]:
    """One route's requests in two versions; the two that were seen last where none are named."""
    where = Where(["entry"]).window(window).equal("service", service).equal("name", name)
    rows = read.dicts(
        "SELECT version, min(time) AS first, max(time) AS last, count(*) AS requests,"
        " count(*) FILTER (status = 2) errors,"
        " quantile_disc(duration, [0.5, 0.95, 0.99]) q,"
        " histogram(round(4 * log2(greatest(duration, 1000)))::INTEGER) AS shape"
        f" FROM spans{where.sql} GROUP BY version ORDER BY min(time)",
        where.params,
    )
    found = [_version(row, window) for row in rows]
    names = [entry["version"] for entry in found]
    if not first and len(names) > 1:
        first = names[-2]
    if not second and names:
        second = names[-1]
    by_name = {entry["version"]: entry for entry in found}
    return {
        "service": service,
        "name": name,
        "versions": names,
        "a": by_name.get(first),
        "b": by_name.get(second),
    }


def _version(row: dict[str, Any], window: Window) -> dict[str, Any]:
    return {
        "version": row["version"],
        "first_us": row["first"] // 1000,
        "last_us": row["last"] // 1000,
        "requests": row["requests"],
        "errors": row["errors"],
        "error_share": round(row["errors"] / row["requests"], 5),
        "p50_ms": millis(row["q"][0]),
        "p95_ms": millis(row["q"][1]),
        "p99_ms": millis(row["q"][2]),
        # Upper edges in milliseconds, four to each doubling.
        "shape": [
            {"upper_ms": round(2 ** (key / 4) / 1e6, 4), "count": count}
            for key, count in sorted(row["shape"].items())
        ],
    }
