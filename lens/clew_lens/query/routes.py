"""The routes that a request went through: how they did around that moment."""

from __future__ import annotations

from typing import Any

from ..store.database import Reader
from .span import millis
from .window import SECOND, Window

AROUND = 15 * 60 * SECOND
POINTS = 40
MOST_ROUTES = 12


def route_metrics(read: Reader, spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rate, errors and p95 of each entered (service, name), a quarter of an hour each way."""
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for span in spans:
        if span["entry"] and len(entries) < MOST_ROUTES:
            entries.setdefault((span["service"], span["name"]), span)
    if not entries:
        return []
    moment = min(span["time_us"] for span in entries.values()) * 1000
    window = Window(moment - AROUND, moment + AROUND)
    step = window.step(POINTS)
    first, count = window.first(step), window.count(step)
    rows = read.rows(
        "SELECT service, name, (time - ?) // ? AS step, count(*), count(*) FILTER (status = 2),"
        " quantile_disc(duration, 0.95) FROM spans"
        " WHERE entry AND time BETWEEN ? AND ?"
        " AND service IN (SELECT unnest(?::VARCHAR[]))"
        " AND name IN (SELECT unnest(?::VARCHAR[])) GROUP BY ALL",
        [
            first,
            step,
            window.start,
            window.end,
            [service for service, _ in entries],
            [name for _, name in entries],
        ],
    )
    made = {key: _empty(key, span, first, step, count) for key, span in entries.items()}
    for service, name, index, requests, errors, p95 in rows:
        line = made.get((service, name))
        if line is not None and 0 <= index < count:
            line["rate"][index] = round(requests * SECOND / step, 3)
            line["errors"][index] = round(errors * SECOND / step, 3)
            line["p95_ms"][index] = millis(p95)
    return list(made.values())


def _empty(
    key: tuple[str, str], span: dict[str, Any], first: int, step: int, count: int
) -> dict[str, Any]:
    return {
        "service": key[0],
        "name": key[1],
        "route": span["route"],
        "at_us": span["time_us"],
        "duration_ms": span["duration_ms"],
        "start_us": first // 1000,
        "step_ms": step // 10**6,
        "rate": [0.0] * count,
        "errors": [0.0] * count,
        "p95_ms": [None] * count,
    }
