"""Waiting for what becomes true in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

_PAUSE = 0.2


def wait_until(
    ask: Callable[[], Answer],
    what: str,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Answer:
    """Ask again and again until the answer is truthy, and return it.

    Raises TimeoutError, naming `what` and the last answer, after `seconds`.
    """
    deadline = clock() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if clock() > deadline:
            raise TimeoutError(f"no {what} within {seconds:g} s; the last answer was {answer!r}")
        pause(_PAUSE)
