"""Batches into tables, one transaction for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from . import schema
from .batch import Batch, ExemplarRow, LinkRow, LogRow, PointRow, ResourceRow, SeriesRow, SpanRow
from .columns import Column, columns, flat_tokens
from .database import Reader

MOST_SERIES = 50_000
"""Metric streams that are kept; the points of more are left out and counted."""


class Inserter:
    """Owns the writing connection, the sequence numbers and which resources are known."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.left_out = 0
        """Metric points of streams over the bound."""
        self._types = {name: _types(columns) for name, columns in schema.TABLES.items()}
        self._span_seq = self._next("spans")
        self._log_seq = self._next("logs")
        self._known = {name: self._ids(name) for name in ("resources", "series")}

    def _next(self, table: str) -> int:
        return int(Reader(self.connection).one(f"SELECT coalesce(max(seq), 0) + 1 FROM {table}")[0])

    def _ids(self, table: str) -> set[int]:
        return {row[0] for row in Reader(self.connection).rows(f"SELECT id FROM {table}")}

    def insert(self, batches: Sequence[Batch]) -> None:
        """Write all rows of all batches, or none and raise."""
        new = {name: self._unknown(name, batches) for name in ("resources", "series")}
        self._admitted(batches, new["series"])
        spans = [row for batch in batches for row in batch.spans]
        logs = [row for batch in batches for row in batch.logs]
        self.connection.begin()
        try:
            self._rows("resources", ResourceRow._fields, list(new["resources"].values()))
            self._rows("series", SeriesRow._fields, list(new["series"].values()))
            self._numbered("spans", SpanRow._fields, spans, self._span_seq)
            self._numbered("logs", LogRow._fields, logs, self._log_seq)
            self._tokens("span_tokens", [t for b in batches for t in b.span_tokens], self._span_seq)
            self._tokens("log_tokens", [t for b in batches for t in b.log_tokens], self._log_seq)
            self._rows("links", LinkRow._fields, [row for b in batches for row in b.links])
            self._rows("points", PointRow._fields, [row for b in batches for row in b.points])
            exemplars = [row for b in batches for row in b.exemplars]
            self._rows("exemplars", ExemplarRow._fields, exemplars)
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise
        self._span_seq += len(spans)
        self._log_seq += len(logs)
        for name, rows in new.items():
            self._known[name].update(rows)

    def reload(self) -> None:
        """Retention removed resources or series: write them again if they come back."""
        self._known = {name: self._ids(name) for name in ("resources", "series")}

    def _admitted(self, batches: Sequence[Batch], new: dict[int, tuple[Any, ...]]) -> None:
        """Leave out streams over the bound, with their points: a label that never repeats."""
        room = MOST_SERIES - len(self._known["series"])
        if len(new) <= room:
            return
        over = set(list(new)[max(room, 0) :])
        for key in over:
            del new[key]
        for batch in batches:
            kept = [point for point in batch.points if point.series not in over]
            self.left_out += len(batch.points) - len(kept)
            batch.points = kept
            batch.exemplars = [one for one in batch.exemplars if one.series not in over]

    def _unknown(self, table: str, batches: Sequence[Batch]) -> dict[int, tuple[Any, ...]]:
        known = self._known[table]
        found: dict[int, tuple[Any, ...]] = {}
        for batch in batches:
            rows = batch.resources if table == "resources" else batch.series
            found.update((key, row) for key, row in rows.items() if key not in known)
        return found

    def _rows(self, table: str, fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._append(table, columns(fields, rows))

    def _numbered(
        self, table: str, fields: Sequence[str], rows: Sequence[tuple[Any, ...]], first: int
    ) -> None:
        if rows:
            data = columns(fields, rows)
            data["seq"] = np.arange(first, first + len(rows), dtype=np.int64)
            self._append(table, data)

    def _tokens(self, table: str, tokens: Sequence[Sequence[int]], first: int) -> None:
        if any(tokens):
            self._append(table, flat_tokens(tokens, first))

    def _append(self, table: str, data: dict[str, Column]) -> None:
        types = self._types[table]
        chosen = ", ".join(f"CAST({name} AS {types[name]})" for name in data)
        names = ", ".join(data)
        # Each registration replaces the one before, so nothing is left to undo after an error.
        self.connection.register("incoming", data)
        self.connection.execute(f"INSERT INTO {table} ({names}) SELECT {chosen} FROM incoming")


def _types(columns_sql: str) -> dict[str, str]:
    parts = (part.split() for part in columns_sql.replace("\n", " ").split(","))
    return {part[0]: part[1] for part in parts}
