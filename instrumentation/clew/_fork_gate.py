"""Keeps a fork from falling into the middle of what clew's threads do.

A child inherits every lock as it was, and none of the threads that would release it, such as the
lock of a module that the sending thread was just importing. The child could never import it, and
would be without telemetry.
"""

from __future__ import annotations

import threading

# Seconds that a fork waits for clew at most; its steps take milliseconds, an import perhaps 100.
_PATIENCE = 2.0


class ForkGate:
    """A context manager for steps that no fork may interrupt. None of them calls user code, which
    may hang, or waits for the network."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.RLock()
        self._held = False

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def before(self) -> None:
        """To be called before a fork, as the next two after it."""
        self._held = self._lock.acquire(timeout=self._patience)

    def after_in_parent(self) -> None:
        if self._held:
            self._lock.release()

    def after_in_child(self) -> None:
        self._lock = threading.RLock()
