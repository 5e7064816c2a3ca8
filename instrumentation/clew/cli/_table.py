"""Columns for people: as wide as what stands in them, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

LEFT, RIGHT = "<", ">"

_BETWEEN = "  "


def rows(header: Sequence[str], cells: Sequence[Sequence[str]], align: str) -> Iterator[str]:
    """The lines of the table, the header first. `align` has LEFT or RIGHT for each column."""
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    for row in (header, *cells):
        line = _BETWEEN.join(
            f"{cell:{how}{width}}" for cell, how, width in zip(row, align, widths, strict=True)
        )
        yield line.rstrip()
