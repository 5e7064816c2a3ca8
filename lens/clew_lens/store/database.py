"""A DuckDB database: opened once, read through cursors from any thread."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from .._errors import StoreError
from . import schema

MEMORY = "memory"


class Database:
    """The tables of the lens, in a file or (path `memory`) in this process alone.

    `memory_limit` is in bytes and bounds what DuckDB holds: blocks, hash tables, sorts.
    """

    def __init__(self, path: str = MEMORY, *, memory_limit: int = 512 << 20, threads: int = 2):
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[duckdb.DuckDBPyConnection] = []
        # What doesn't fit in memory goes beside the file, or else to a folder that goes away: by
        # default DuckDB would leave it in the folder that the lens was started in.
        self._spill = tempfile.TemporaryDirectory(prefix="clew-lens-") if path == MEMORY else None
        folder = self._spill.name if self._spill else f"{path}.tmp"
        self._root = _connect(path, memory_limit, threads, folder)
        for statement in schema.create_statements():
            self._root.execute(statement)
        self._check_version()

    def _check_version(self) -> None:
        found = Reader(self._root).rows("SELECT value FROM meta WHERE key = 'schema'")
        if found != [(str(schema.VERSION),)]:
            raise StoreError(
                f"{self.path} was written with another schema ({found}), this version reads "
                f"{schema.VERSION}. Move the file away, or name another one with --store."
            )

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A new connection to the same database, for one thread's own use."""
        with self._lock:
            return self._root.cursor()

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A connection from the pool, given back at the end."""
        with self._lock:
            cursor = self._idle.pop() if self._idle else self._root.cursor()
        try:
            yield Reader(cursor)
        except duckdb.Error:
            cursor.close()
            raise
        else:
            with self._lock:
                self._idle.append(cursor)

    def bytes_used(self) -> int:
        """Bytes of live blocks plus the write-ahead log; freed blocks are not counted."""
        if self.path == MEMORY:
            return self._memory_used()
        with self.reader() as read:
            found = read.rows("SELECT used_blocks * block_size FROM pragma_database_size()")
        return int(found[0][0]) + _size(f"{self.path}.wal")

    def _memory_used(self) -> int:
        with self.reader() as read:
            tags = "('IN_MEMORY_TABLE', 'BASE_TABLE')"
            query = f"SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag IN {tags}"
            found = read.rows(query)
        return int(found[0][0] or 0)

    def close(self) -> None:
        """Write what is outstanding into the file and let go of it."""
        with self._lock:
            for cursor in self._idle:
                cursor.close()
            self._idle.clear()
            self._root.close()
        if self._spill:
            self._spill.cleanup()


class Reader:
    """Runs one query after another on one connection.

    Results are always read to their end: one that isn't keeps its transaction open, and as long as
    any is open DuckDB can't give back the space of deleted rows.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, as tuples."""
        return self._cursor.execute(sql, list(params)).fetchall()

    def dicts(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows of a query, as dictionaries by column name."""
        result = self._cursor.execute(sql, list(params))
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def named(self, sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows of a query whose parameters are named, `$name`."""
        return self._cursor.execute(sql, dict(params)).fetchall()

    def one(self, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The first row of a query that always has one."""
        return self.rows(sql, params)[0]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _connect(path: str, memory_limit: int, threads: int, spill: str) -> duckdb.DuckDBPyConnection:
    settings: dict[str, Any] = {
        "memory_limit": f"{memory_limit >> 20}MiB",
        "threads": threads,
        "temp_directory": spill,
        # Nothing may be loaded from the network or from other files.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # At 16 MiB, the default, a busy lens would rewrite its last row group every two seconds.
        "checkpoint_threshold": "64MiB",
    }
    target = ":memory:" if path == MEMORY else path
    try:
        return duckdb.connect(target, config=settings)
    except duckdb.Error as error:
        raise StoreError(
            f"{path} can't be opened: {error}. If another lens has it open, stop that one; "
            "if it isn't a lens file, name another with --store."
        ) from error
