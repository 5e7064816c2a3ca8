"""The store: DuckDB tables, one writer thread, and cursors to read with."""

from .batch import Batch
from .database import Database
from .writer import Busy, Writer

__all__ = ["Batch", "Busy", "Database", "Writer"]
