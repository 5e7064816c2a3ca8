"""Python's garbage collector: how often it ran, what it found, for how long all else stood still.

`notice` runs inside a collection, in whichever thread began it, perhaps with any lock of the
process held: it takes none, and allocates nothing that is kept.
"""

from __future__ import annotations

import gc
from bisect import bisect_left
from collections.abc import Callable
from time import perf_counter
from typing import Any

from clew import _names
from clew.export import _metrics as encode

_GENERATIONS = 3
_COUNTS = (
    (_names.GC_COLLECTIONS, "collections", "Times a generation was collected.", "{collection}"),
    (_names.GC_COLLECTED, "collected", "Objects collected.", "{object}"),
    (_names.GC_UNCOLLECTABLE, "uncollectable", "Objects found uncollectable.", "{object}"),
)


class Collector:
    """Times the collections. Put `notice` into `gc.callbacks`."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        # What the parent's collector did before this process was forked off.
        self._inherited: list[dict[str, int]] = [{}] * _GENERATIONS
        self._clear()

    def _clear(self) -> None:
        self._began: float | None = None
        buckets = len(_names.GC_PAUSE_BOUNDS) + 1
        self._pauses = [[0] * buckets for _ in range(_GENERATIONS)]
        self._seconds = [0.0] * _GENERATIONS

    def notice(self, phase: str, info: dict[str, int]) -> None:
        """A collection begins ("start") or has ended. They never overlap."""
        if phase == "start":
            self._began = self._clock()
        elif self._began is not None:
            seconds = self._clock() - self._began
            generation = info["generation"]
            self._pauses[generation][bisect_left(_names.GC_PAUSE_BOUNDS, seconds)] += 1
            self._seconds[generation] += seconds

    def forget_parent(self) -> None:
        """Begin to count anew, after a fork."""
        self._inherited = gc.get_stats()
        self._clear()

    def metrics(self, start: int, now: int) -> list[bytes]:
        """Encoded `Metric`s; `start` and `now` are ns since the epoch."""
        pauses = [
            (_generation(number), _names.GC_PAUSE_BOUNDS, list(counts), self._seconds[number])
            for number, counts in enumerate(self._pauses)
        ]
        stats = list(zip(gc.get_stats(), self._inherited, strict=False))
        found = [
            encode.sum_of(
                name, about, unit,
                [
                    (_generation(number), one[key] - before.get(key, 0))
                    for number, (one, before) in enumerate(stats)
                ],
                start, now, monotonic=True,
            )
            for name, key, about, unit in _COUNTS
        ]  # fmt: skip
        about = "Time that a collection took, while all else stood still."
        used = [pause for pause in pauses if any(pause[2])]
        return [*found, encode.bucketed(_names.GC_PAUSE, about, "s", used, start, now)]


def _generation(number: int) -> dict[str, Any]:
    return {_names.GC_GENERATION: number}
