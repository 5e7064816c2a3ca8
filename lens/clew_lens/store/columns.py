"""Rows to columns: what DuckDB takes in without making a Python object per cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]


def text(values: Sequence[str]) -> Column:
    """A column of strings."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def ids16(values: Sequence[bytes]) -> tuple[Column, Column]:
    """Sixteen-byte ids as two columns of 64 bits, high half first."""
    pairs = np.frombuffer(b"".join(values), dtype=">u8").reshape(-1, 2).astype(np.uint64)
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def ids8(values: Sequence[bytes]) -> Column:
    """Eight-byte ids as one column of 64 bits."""
    return np.frombuffer(b"".join(values), dtype=">u8").astype(np.uint64)


def flat_tokens(tokens: Sequence[Sequence[int]], first_seq: int) -> dict[str, Column]:
    """Lists of hashes as (token, seq) pairs; row i has sequence number first_seq + i."""
    lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    seqs = np.arange(first_seq, first_seq + len(tokens), dtype=np.int64)
    joined = np.fromiter((t for row in tokens for t in row), np.uint64, int(lengths.sum()))
    return {"token": joined, "seq": np.repeat(seqs, lengths)}


_NUMBERS: dict[str, type] = {
    "time": np.int64,
    "start": np.int64,
    "duration": np.int64,
    "n": np.int64,
    "kind": np.uint8,
    "status": np.uint8,
    "severity": np.uint8,
    "code": np.uint16,
    "dropped": np.uint32,
    "resource": np.uint64,
    "series": np.uint64,
    "id": np.uint64,
    "value": np.float64,
    "sum": np.float64,
    "min": np.float64,
    "max": np.float64,
    "entry": np.bool_,
    "monotonic": np.bool_,
}
_IDS16 = {"trace_id": "trace", "linked_trace_id": "linked"}
_IDS8 = {"span_id": "span_id", "parent_id": "parent_id", "linked_span_id": "linked_span"}


def columns(fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Column]:
    """Named tuples of one kind as columns; the field's name decides the type.

    `kind` is a number in spans and a word in series, so words win where the first row has one.
    """
    made: dict[str, Column] = {}
    for name, values in zip(fields, zip(*rows, strict=True), strict=True):
        if name in _IDS16:
            made[_IDS16[name] + "_hi"], made[_IDS16[name] + "_lo"] = ids16(values)
        elif name in _IDS8:
            made[_IDS8[name]] = ids8(values)
        elif name in _NUMBERS and not isinstance(values[0], str):
            made[name] = np.array(values, dtype=_NUMBERS[name])
        else:
            made[name] = text(values)
    return made
