"""Each service at a glance: rate, errors, latency, and how they went."""

from __future__ import annotations

from typing import Any

from ..store.database import Reader
from .span import millis
from .where import Where
from .window import SECOND, Window

POINTS = 60


def overview(read: Reader, window: Window) -> dict[str, Any]:
    """All services that were entered in the window, worst first."""
    step = window.step(POINTS)
    first, count = window.first(step), window.count(step)
    lines = _sparklines(read, window, step, first, count)
    services = [_service(row, window, lines[row["service"]]) for row in _totals(read, window)]
    known = {service["name"] for service in services}
    services += [_silent(name) for name in _all_services(read) if name not in known]
    services.sort(key=lambda s: (-s["error_share"], -(s["p95_ms"] or 0), s["name"]))
    services.sort(key=lambda s: not s["errors"])
    return {
        "start_us": first // 1000,
        "step_ms": step // 1_000_000,
        "outside": _outside(read, window),
        "services": services,
    }


def _outside(read: Reader, window: Window) -> dict[str, Any]:
    """Requests that no stored service sent: what users see, each counted once."""
    where = Where(["parent_id = 0 AND kind <> 5"]).window(window)
    requests, errors = read.one(
        f"SELECT count(*), count(*) FILTER (status = 2) FROM spans{where.sql}", where.params
    )
    return {
        "requests": requests,
        "errors": errors,
        "rate": round(requests / window.seconds, 3),
    }


def _totals(read: Reader, window: Window) -> list[dict[str, Any]]:
    where = Where(["entry"]).window(window)
    return read.dicts(
        "SELECT service, count(*) requests, count(*) FILTER (status = 2) errors,"
        " quantile_disc(duration, [0.5, 0.95, 0.99]) quantiles, max(time) last,"
        " arg_max(version, time) AS version"
        f" FROM spans{where.sql} GROUP BY service",
        where.params,
    )


def _sparklines(
    read: Reader, window: Window, step: int, first: int, count: int
) -> dict[str, dict[str, list[Any]]]:
    where = Where(["entry"]).window(window)
    rows = read.rows(
        "SELECT service, (time - ?) // ? AS step, count(*), count(*) FILTER (status = 2),"
        " quantile_disc(duration, 0.95)"
        f" FROM spans{where.sql} GROUP BY ALL",
        [first, step, *where.params],
    )
    lines: dict[str, dict[str, list[Any]]] = {}
    for service, index, requests, errors, p95 in rows:
        line = lines.setdefault(
            service, {"rate": [0.0] * count, "errors": [0.0] * count, "p95_ms": [None] * count}
        )
        if 0 <= index < count:
            line["rate"][index] = round(requests * SECOND / step, 3)
            line["errors"][index] = round(errors * SECOND / step, 3)
            line["p95_ms"][index] = millis(p95)
    return lines


def _service(row: dict[str, Any], window: Window, lines: dict[str, list[Any]]) -> dict[str, Any]:
    p50, p95, p99 = row["quantiles"]
    return {
        "name": row["service"],
        "version": row["version"],
        "requests": row["requests"],
        "rate": round(row["requests"] / window.seconds, 3),
        "errors": row["errors"],
        "error_share": round(row["errors"] / row["requests"], 5),
        "p50_ms": millis(p50),
        "p95_ms": millis(p95),
        "p99_ms": millis(p99),
        "last_us": row["last"] // 1000,
        "lines": lines,
    }


def _silent(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": "",
        "requests": 0,
        "rate": 0.0,
        "errors": 0,
        "error_share": 0.0,
        "p50_ms": None,
        "p95_ms": None,
        "p99_ms": None,
        "last_us": None,
        "lines": {"rate": [], "errors": [], "p95_ms": []},
    }


def _all_services(read: Reader) -> list[str]:
    return [row[0] for row in read.rows("SELECT DISTINCT service FROM resources ORDER BY 1")]


def routes(read: Reader, window: Window, service: str) -> list[dict[str, Any]]:
    """What a service is asked for: one row for each span name, worst first."""
    where = Where(["entry"]).window(window).equal("service", service)
    rows = read.dicts(
        "SELECT name, any_value(route) route, any_value(method) AS method, count(*) requests,"
        " count(*) FILTER (status = 2) errors,"
        " quantile_disc(duration, [0.5, 0.95, 0.99]) quantiles"
        f" FROM spans{where.sql} GROUP BY name"
        " ORDER BY errors DESC, requests DESC LIMIT 200",
        where.params,
    )
    return [
        {
            "name": row["name"],
            "route": row["route"],
            "method": row["method"],
            "requests": row["requests"],
            "rate": round(row["requests"] / window.seconds, 3),
            "errors": row["errors"],
            "error_share": round(row["errors"] / row["requests"], 5),
            "p50_ms": millis(row["quantiles"][0]),
            "p95_ms": millis(row["quantiles"][1]),
            "p99_ms": millis(row["quantiles"][2]),
        }
        for row in rows
    ]
