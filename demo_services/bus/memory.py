"""A bus in one process, for tests: as forgetful or stubborn as they need it."""

from __future__ import annotations

import threading
from collections import defaultdict, deque

from demo_services.bus._attempt import Verdict, attempt
from demo_services.bus._interface import BusDown, Handle, Message


class MemoryBus:
    """Publisher and subscribers in one. `down` refuses messages; `parked` are dead letters."""

    system = "memory"

    def __init__(self) -> None:
        self.down = False
        self.parked: dict[str, list[Message]] = defaultdict(list)
        self._queues: dict[str, dict[str, deque[tuple[Message, int]]]] = defaultdict(dict)

    def publish(self, message: Message) -> None:
        if self.down or not self._queues[message.topic]:
            raise BusDown("the bus is down" if self.down else f"nobody wants {message.topic}")
        for queue in self._queues[message.topic].values():
            queue.append((message, 1))

    def close(self) -> None:
        """Nothing to let go of."""

    def subscriber(self, queue: str, topic: str) -> MemorySubscriber:
        return MemorySubscriber(self, queue, self._queues[topic].setdefault(queue, deque()))


class MemorySubscriber:
    """One queue of a MemoryBus."""

    def __init__(self, bus: MemoryBus, queue: str, waiting: deque[tuple[Message, int]]) -> None:
        self._bus = bus
        self._queue = queue
        self._waiting = waiting

    def drain(self, handle: Handle) -> None:
        """Handle what is there."""
        while self._waiting:
            message, number = self._waiting.popleft()
            verdict = attempt(self._bus.system, self._queue, message, handle, number)
            if verdict is Verdict.AGAIN:
                self._waiting.append((message, number + 1))
            elif verdict is Verdict.PARK:
                self._bus.parked[self._queue].append(message)

    def run(self, handle: Handle, stop: threading.Event) -> None:
        while not stop.wait(0.01):
            self.drain(handle)
