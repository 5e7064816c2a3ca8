"""What was sent and what was lost, by signal and reason: the numbers that keep clew honest."""

from __future__ import annotations

import threading
from collections import Counter


class Tally:
    """Counts items since the start. Used by clew's threads only, never by a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: Counter[str] = Counter()
        self._dropped: Counter[tuple[str, str]] = Counter()

    def sent(self, signal: str, items: int) -> None:
        with self._lock:
            self._sent[signal] += items

    def dropped(self, signal: str, reason: str, items: int) -> None:
        with self._lock:
            self._dropped[signal, reason] += items

    def sent_by_signal(self) -> dict[str, int]:
        with self._lock:
            return dict(self._sent)

    def dropped_by_reason(self) -> dict[tuple[str, str], int]:
        """{(signal, reason): items}"""
        with self._lock:
            return dict(self._dropped)
