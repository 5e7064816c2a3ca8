"""Waiting for something to come true."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL = 0.02  # seconds


def eventually(look: Callable[[], T], seconds: float = 30.0) -> T:
    """Return the first true answer of `look`; fail after `seconds` with the last one."""
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds:g} s; the last answer: {answer!r}"
        time.sleep(_POLL)
