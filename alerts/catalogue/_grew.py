"""Counters that should stand still."""

from __future__ import annotations


def grew(selector: str, by: str, window: str) -> str:
    """Return by how much a counter grew within a window, in PromQL; nothing where it did not.

    A counter that appears with its first event has no sample before it, so `increase` alone would
    not see that event: a series that was not there at the window's begin counts whole.
    """
    increase = f"sum by ({by}) (increase({selector}[{window}])) > 0"
    new = f"sum by ({by}) ({selector} unless {selector} offset {window}) > 0"
    return f"{increase} or {new}"
