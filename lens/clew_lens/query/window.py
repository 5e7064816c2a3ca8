"""A span of time to look at, and how it is cut into steps."""

from __future__ import annotations

from dataclasses import dataclass

SECOND = 1_000_000_000
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)


@dataclass(frozen=True)
class Window:
    """From `start` to `end`, nanoseconds since 1970; both belong to it."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return max((self.end - self.start) / SECOND, 1.0)

    def step(self, points: int) -> int:
        """The shortest round step, in nanoseconds, that makes at most `points` of them."""
        for seconds in _STEPS:
            if self.seconds / seconds <= points:
                return seconds * SECOND
        return int(self.seconds / points) * SECOND

    def first(self, step: int) -> int:
        """The start of the step that `start` lies in."""
        return self.start // step * step

    def count(self, step: int) -> int:
        """How many steps it touches."""
        return int((self.end - self.first(step)) // step) + 1
