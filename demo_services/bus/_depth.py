"""How many messages wait in a queue, told now and then: to count them costs a question."""

from __future__ import annotations

import time
from collections.abc import Callable

from demo_services.shared import telemetry

_EVERY_S = 1.0


class Depth:
    """Tells the depth of one queue, at most once a second. Used by one thread."""

    def __init__(self, queue: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._clock = clock
        self._next = clock()

    def tell(self, count: Callable[[], int]) -> None:
        """Count and tell, if it is time."""
        now = self._clock()
        if now >= self._next:
            self._next = now + _EVERY_S
            telemetry.queue_depth(self._queue, count())
