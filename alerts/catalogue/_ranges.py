"""Counters that should stand still, and gauges of those that are still there."""

from __future__ import annotations

from alerts._model import Scale


def grew(selector: str, by: str, window: str) -> str:
    """Return by how much a counter grew within a window, in PromQL; nothing where it did not.

    A counter that appears with its first event has no sample before it, so `increase` alone would
    not see that event: a series that was not there at the window's begin counts whole.
    """
    increase = f"sum by ({by}) (increase({selector}[{window}])) > 0"
    new = f"sum by ({by}) ({selector} unless {selector} offset {window}) > 0"
    return f"{increase} or {new}"


def fresh(gauge: str, s: Scale) -> str:
    """Return a gauge's newest values, in PromQL, none older than a minute and a half.

    What is pushed has no end: a plain query shows the last value of a process that is gone for five
    more minutes, and so would an alert.
    """
    return f"last_over_time({gauge}[{s.window(90)}])"
