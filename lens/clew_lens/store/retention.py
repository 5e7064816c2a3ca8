"""What is too old or too much goes, oldest first."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from .database import Database, Reader

_TIMED = ("spans", "logs", "links", "points", "exemplars")
_ORPHANS = (
    "DELETE FROM series WHERE id NOT IN (SELECT series FROM points)",
    "DELETE FROM resources WHERE id NOT IN (SELECT resource FROM spans UNION"
    " SELECT resource FROM logs UNION SELECT resource FROM series)",
)
_SLACK = 0.02
"""By what share of its age the oldest may be over it."""
_STEP = 0.2
"""How much of the time span goes at once when the store is over its size."""


@dataclass
class Retention:
    """Keeps at most `age` seconds and `size` bytes.

    A store over its size loses the oldest fifth of the time it covers, again at every call until
    it fits: freed blocks show only after a checkpoint, so one call takes one step.
    """

    database: Database
    age: float
    size: int
    wall: Callable[[], float] = time.time
    deleted_before: int = 0
    """Nanoseconds since 1970: nothing older is kept."""

    def __call__(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Delete what must go, on the writer's own connection; whether anything went."""
        oldest = self._oldest(connection)
        cutoff = int((self.wall() - self.age) * 1e9)
        # Seldom and much rather than often and little: each time costs a checkpoint.
        if cutoff - oldest < self.age * _SLACK * 1e9:
            cutoff = 0
        if self.database.bytes_used() > self.size:
            cutoff = max(cutoff, self._shrunk(connection))
        if cutoff <= oldest:
            return False
        self._delete(connection, cutoff)
        return True

    def _oldest(self, connection: duckdb.DuckDBPyConnection) -> int:
        found = [_one(connection, f"SELECT min(time) FROM {table}") for table in _TIMED]
        return min((int(value) for value in found if value is not None), default=1 << 62)

    def _shrunk(self, connection: duckdb.DuckDBPyConnection) -> int:
        """The time before which the oldest fifth of spans, or else of logs or points, lies."""
        cuts = [
            _one(connection, f"SELECT quantile_disc(time, {_STEP}) FROM {table}")
            for table in ("spans", "logs", "points")
        ]
        return max((int(cut) + 1 for cut in cuts if cut is not None), default=0)

    def _delete(self, connection: duckdb.DuckDBPyConnection, cutoff: int) -> None:
        connection.begin()
        try:
            for table in _TIMED:
                connection.execute(f"DELETE FROM {table} WHERE time < ?", [cutoff])
            for table in ("span", "log"):
                connection.execute(
                    f"DELETE FROM {table}_tokens WHERE seq < "
                    f"(SELECT coalesce(min(seq), 9223372036854775807) FROM {table}s)"
                )
            for statement in _ORPHANS:
                connection.execute(statement)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        self.deleted_before = cutoff
        connection.execute("CHECKPOINT")


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int | None:
    value = Reader(connection).one(sql)[0]
    return None if value is None else int(value)
