"""What is too old or too much goes, oldest first."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from .database import Database, Reader

_TIMED = ("spans", "logs", "links", "points", "exemplars")
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

    def __call__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete what must go, on the writer's own connection."""
        cutoff = int((self.wall() - self.age) * 1e9)
        if self.database.bytes_used() > self.size:
            cutoff = max(cutoff, self._shrunk(connection))
        if cutoff > self._oldest(connection):
            self._delete(connection, cutoff)

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
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        self.deleted_before = cutoff
        connection.execute("CHECKPOINT")


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    value: object = Reader(connection).one(sql)[0]
    return value
