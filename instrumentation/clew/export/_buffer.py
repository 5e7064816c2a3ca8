"""The bounded buffer between the request path and the export thread."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from typing import Any


def count_of(counter: itertools.count[int]) -> int:
    """How often `next` was called on `counter`, without calling it."""
    # Its repr is "count(7)". Copying and pickling, which tell it too, end with Python 3.14.
    return int(repr(counter)[6:-1])


class Buffer:
    """Takes items from any thread; one thread takes them out.

    `put` takes no lock: appending to a deque and drawing from a count are single operations of the
    interpreter. The bound may therefore be passed by as many items as there are threads.
    """

    __slots__ = ("_append", "_dropped", "_high", "_items", "_limit", "_wake")

    def __init__(self, limit: int, wake: threading.Event) -> None:
        """Hold at most `limit` items; set `wake` when half of that is reached."""
        self._items: deque[Any] = deque()
        self._append = self._items.append
        self._limit = limit
        self._high = max(1, limit // 2)
        self._dropped = itertools.count()
        self._wake = wake

    def put(self, item: Any) -> None:
        """Append `item`, or count it as dropped if the buffer is full."""
        held = len(self._items)
        if held >= self._high:
            if held >= self._limit:
                next(self._dropped)
                return
            self._wake.set()
        self._append(item)

    def take(self) -> list[Any]:
        """All that is held now, oldest first."""
        items = self._items
        popleft = items.popleft
        return [popleft() for _ in range(len(items))]

    def clear(self) -> None:
        self._items.clear()
        self._dropped = itertools.count()

    @property
    def dropped(self) -> int:
        """Items turned away since the start."""
        return count_of(self._dropped)

    def __len__(self) -> int:
        return len(self._items)
