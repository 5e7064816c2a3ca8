"""Waiting on conditions: telemetry arrives when it arrives."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 30.0
_INTERVAL_S = 0.1


def wait_until(
    condition: Callable[[], T],
    what: str,
    deadline_s: float = DEADLINE_S,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> T:
    """The first true value of `condition`.

    Raises AssertionError, with `what` and the last value, when `deadline_s` seconds have passed.
    """
    end = clock() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if clock() >= end:
            raise AssertionError(f"waited {deadline_s:g} s for {what}; last seen: {value!r}")
        pause(_INTERVAL_S)
