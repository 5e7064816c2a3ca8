"""Faults on purpose: each is one that some alert must catch. All are off until somebody sets one.

Levels are kept in memory that forked workers share, so that one switch serves all of them.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from multiprocessing.sharedctypes import RawArray


@dataclass(frozen=True)
class Fault:
    """What a level means, and the highest one."""

    level: str
    most: float


KNOWN = {
    "latency": Fault("seconds that each request waits", 60),
    "errors": Fault("share of requests that fail, 0 to 1", 1),
    "payment-decline": Fault("share of charges that are declined, 0 to 1", 1),
    "broker-down": Fault("1: nothing reaches the broker", 1),
    "memory-leak": Fault("MiB that each request leaves behind", 64),
    "cpu-burn": Fault("seconds of computing in each request", 60),
    "event-loop-block": Fault("seconds that each request blocks the event loop", 60),
    "poison-message": Fault("messages still to be sent that nobody can read", 1000),
    "slow-query": Fault("seconds that each query to the database takes longer", 60),
}


class FaultError(Exception):
    """A failure that somebody switched on."""


class Faults:
    """The levels of one service's faults."""

    def __init__(self) -> None:
        self._levels = RawArray("d", len(KNOWN))
        self._index = {name: index for index, name in enumerate(KNOWN)}
        self._leaked: list[bytes] = []

    def level(self, name: str) -> float:
        return float(self._levels[self._index[name]])

    def levels(self) -> dict[str, float]:
        """All of them, by name."""
        return {name: self.level(name) for name in KNOWN}

    def set(self, name: str, level: float) -> None:
        """Switch one on, or off (0). KeyError for one that is not known, ValueError for a level."""
        if not 0 <= level <= KNOWN[name].most:
            raise ValueError(f"the level of {name} must be from 0 to {KNOWN[name].most:g}")
        self._levels[self._index[name]] = level

    def happens(self, name: str) -> bool:
        """Whether a fault whose level is a share strikes this time."""
        return random.random() < self.level(name)

    def take(self, name: str) -> bool:
        """Whether one that strikes a number of times does so now; one time less is left."""
        left = self.level(name)
        if left >= 1:
            self.set(name, left - 1)
        return left >= 1

    def strike(self) -> None:
        """What a request suffers, where it may block. FaultError where it shall fail."""
        if any(self._levels):
            time.sleep(self.level("latency"))
            self._suffer()

    async def strike_in_loop(self) -> None:
        """What a request suffers on an event loop. FaultError where it shall fail."""
        if any(self._levels):
            time.sleep(self.level("event-loop-block"))
            await asyncio.sleep(self.level("latency"))
            await asyncio.to_thread(self._suffer)

    def _suffer(self) -> None:
        leak = self.level("memory-leak")
        if leak:
            self._leaked.append(b"leak" * int(leak * 2**18))
        end = time.thread_time() + self.level("cpu-burn")
        while time.thread_time() < end:
            sum(range(10_000))  # computes, rather than asking what time it is
        if self.happens("errors"):
            raise FaultError("switched on: this request fails")


FAULTS = Faults()
