"""Counts the requests that handlers saw, and leaves the count in a file at the process's end.

This count is the truth that telemetry is held against. The load generator's own count is not: it
hangs up on the last requests without waiting for their answers.
"""

from __future__ import annotations

import atexit
import itertools
import os
from collections.abc import Callable


def counter() -> Callable[[], int]:
    """A function to call once in each request; one operation of the interpreter, so exact."""
    count = itertools.count(1)
    path = os.environ["BENCH_SERVED"]

    def leave() -> None:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(next(count) - 1))

    atexit.register(leave)
    return count.__next__
