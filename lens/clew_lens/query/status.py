"""How the lens itself is doing."""

from __future__ import annotations

from typing import Any

from .. import __version__
from ..store.database import Reader


def status(read: Reader) -> dict[str, Any]:
    """What is stored, and since when."""
    spans = read.one("SELECT count(*), min(time), max(time) FROM spans")
    logs = read.one("SELECT count(*), min(time), max(time) FROM logs")
    points = read.one("SELECT count(*), min(time), max(time) FROM points")
    times = [row[1] for row in (spans, logs, points) if row[1] is not None]
    ends = [row[2] for row in (spans, logs, points) if row[2] is not None]
    return {
        "version": __version__,
        "spans": spans[0],
        "logs": logs[0],
        "points": points[0],
        "oldest_us": min(times) // 1000 if times else None,
        "newest_us": max(ends) // 1000 if ends else None,
    }


def names(read: Reader) -> dict[str, Any]:
    """What a search field can offer: services, span names, versions, loggers."""
    return {
        "services": _column(read, "SELECT DISTINCT service FROM resources ORDER BY 1 LIMIT 500"),
        "versions": _column(
            read,
            "SELECT DISTINCT version FROM resources WHERE version <> '' ORDER BY 1 LIMIT 500",
        ),
    }


def _column(read: Reader, sql: str) -> list[str]:
    return [row[0] for row in read.rows(sql)]
