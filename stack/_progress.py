"""Telling a person what goes on: a line that renews itself on a terminal, else plain lines."""

import threading
from typing import TextIO

from stack._clock import Clock

_PLAIN_EVERY = 30.0  # seconds between plain lines of the same work
_CLEAR = "\r\x1b[2K"


class Progress:
    """Where lines go. Safe to use from several threads."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        """Write a line that stays."""
        with self._lock:
            self._stream.write(f"{_CLEAR if self._live else ''}{text}\n")
            self._stream.flush()

    def work(self, what: str) -> "Work":
        """Announce work that takes a while; call its `tick` now and then."""
        self.line(f"{what} …")
        return Work(self, what, self._clock)

    def renew(self, text: str) -> None:
        """Show a line that the next one replaces; on anything but a terminal it is a plain line."""
        if not self._live:
            self.line(text)
            return
        with self._lock:
            self._stream.write(f"{_CLEAR}{text}")
            self._stream.flush()


class Work:
    """One piece of work that takes a while."""

    def __init__(self, progress: Progress, what: str, clock: Clock) -> None:
        self._progress = progress
        self._what = what
        self._clock = clock
        self._began = clock.monotonic()
        self._told = self._began

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self._clock.monotonic() - self._began

    def tick(self) -> None:
        """Show that the work still goes on."""
        now = self._clock.monotonic()
        if self._progress._live or now - self._told >= _PLAIN_EVERY:
            self._told = now
            self._progress.renew(f"{self._what}: {spell(self.elapsed)} so far")

    def done(self, outcome: str) -> None:
        """Write the outcome and how long it took."""
        self._progress.line(f"{outcome} ({spell(self.elapsed)})")


def spell(seconds: float) -> str:
    """Write a duration for a person: "8 s", "4 min 12 s", "2 h 5 min"."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
