"""The waiting itself."""

from __future__ import annotations

import pytest

from tests.e2e.wait import wait_until


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.now_s += seconds


def test_it_ends_with_the_first_true_value() -> None:
    """The value is returned at once when it is there."""
    clock, values = Clock(), iter([0, 0, 7, 8])
    assert wait_until(lambda: next(values), "a number", 5, clock.now, clock.pause) == 7
    assert clock.now_s == pytest.approx(0.2)


def test_it_gives_up_at_the_deadline() -> None:
    """The error says what was awaited and what was seen last."""
    clock = Clock()
    with pytest.raises(AssertionError, match=r"waited 5 s for rain; last seen: \[\]"):
        wait_until(list, "rain", 5, clock.now, clock.pause)
    assert 5 <= clock.now_s < 5.2
