"""Log lines: search, and what came since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import _names
from .._errors import BadRequest
from ..store.database import Reader
from .span import LOG_COLUMNS, log
from .where import Where, like, trace_halves
from .window import Window


@dataclass(frozen=True)
class Search:
    """What lines to look for; empty fields don't matter."""

    text: str = ""
    """Anywhere in the message or the exception, upper and lower case alike."""
    service: str = ""
    level: str = ""
    """This level and those above it."""
    logger: str = ""
    trace_id: str = ""
    correlation_id: str = ""
    attribute: str = ""
    after_seq: int = 0
    """Only lines that arrived after the one with this sequence number."""

    def where(self, window: Window | None) -> Where:
        """As conditions on the table of logs."""
        where = Where()
        if self.after_seq:
            where.add("seq > ?", self.after_seq)
        if window:
            where.window(window)
        where.equal("service", self.service).equal("logger", self.logger)
        where.equal("correlation_id", self.correlation_id)
        if self.level:
            where.add("severity >= ?", _lowest(self.level))
        if self.trace_id:
            high, low = trace_halves(self.trace_id)
            where.add("trace_lo = ? AND trace_hi = ?", low, high)
        if self.text:
            pattern = like(self.text)
            where.add(
                r"(body ILIKE ? ESCAPE '\' OR exception <> '' AND exception ILIKE ? ESCAPE '\')",
                pattern,
                pattern,
            )
        return where.attribute("log", self.attribute)


def _lowest(level: str) -> int:
    if level not in _names.LEVELS:
        raise BadRequest(f"level {level[:40]!r} isn't one of {', '.join(_names.LEVELS)}")
    return _names.LEVELS.index(level) * 4 + 1


def search(
    read: Reader,
    wanted: Search,
    window: Window | None = None,
    *,
    limit: int = 200,
    oldest: bool = False,
) -> dict[str, Any]:
    """Lines that fit, newest first, and the sequence number to go on from."""
    where = wanted.where(window)
    last = read.one("SELECT coalesce(max(seq), 0) FROM logs")[0]
    # A tail must not miss a line, so it goes by order of arrival; a search goes by time.
    order = "time, seq" if oldest else "time DESC, seq DESC"
    order = "seq" if wanted.after_seq else order
    # Which lines first, by few columns; all columns of only those then.
    rows = read.dicts(
        f"SELECT {LOG_COLUMNS} FROM logs WHERE seq IN"
        f" (SELECT seq FROM logs{where.sql} ORDER BY {order} LIMIT ?) ORDER BY {order}",
        [*where.params, limit],
    )
    if wanted.after_seq and len(rows) == limit:
        last = rows[-1]["seq"]
    return {"logs": [log(row) for row in rows], "last_seq": last}


def histogram(read: Reader, wanted: Search, window: Window, points: int = 60) -> dict[str, Any]:
    """Lines over time, those of level error and above counted apart."""
    step = window.step(points)
    first, count = window.first(step), window.count(step)
    where = wanted.where(window)
    rows = read.rows(
        "SELECT (time - ?) // ?, count(*), count(*) FILTER (severity >= 17)"
        f" FROM logs{where.sql} GROUP BY 1",
        [first, step, *where.params],
    )
    lines, errors = [0] * count, [0] * count
    for index, total, bad in rows:
        if 0 <= index < count:
            lines[index], errors[index] = total, bad
    return {"start_us": first // 1000, "step_ms": step // 10**6, "lines": lines, "errors": errors}
