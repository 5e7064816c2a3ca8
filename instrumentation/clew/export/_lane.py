"""One signal's way to its endpoint: what waits, in memory and on disk, and when to try next."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clew._config import Endpoint
from clew.export._parcel import Parcel
from clew.export._spool import Spool
from clew.export._tally import Tally

if TYPE_CHECKING:
    from clew.export._transport import Transport

_FIRST_PAUSE = 0.5  # s; doubles with each failure
_LONGEST_PAUSE = 5.0  # s
_SHORTEST_PAUSE = 0.1  # s; also after "Retry-After: 0", which is no leave to try without an end
_LONGEST_RETRY_AFTER = 60.0  # s; an endpoint may ask for longer, but not silence clew for an hour
# Bytes a second from the spool: an endpoint that is just back is not to be run over, and what is
# made now goes first.
DRAIN_RATE = 4 * 1024 * 1024


@dataclass
class Lane:
    """Not thread-safe: the sender's lock guards it."""

    signal: str
    endpoint: Endpoint
    tally: Tally
    spool: Spool | None = None
    live: deque[Parcel] = field(default_factory=deque)
    live_bytes: int = 0
    transport: Transport | None = None
    failures: int = 0
    not_before: float = 0.0
    drain_from: float = 0.0
    gave_up: bool = False  # at the process's end: not tried again
    jitter: Callable[[], float] = lambda: random.uniform(
        0.8, 1.2
    )  # a fleet is not to return in step

    def certificate(self) -> tuple[str, int, int] | None:
        """(host, port, end in s since the epoch) of the certificate that was verified last."""
        if self.transport is None or self.transport.not_after is None:
            return None
        parts = urlsplit(self.endpoint.url)
        return parts.hostname or "localhost", parts.port or 443, self.transport.not_after

    def put(self, parcel: Parcel, hangs: bool = False) -> None:
        """Take `parcel`: to disk while the endpoint is away, or `hangs`, else into memory."""
        away = self.failures or hangs
        if away and self.spool is not None and self.spool.append(parcel):
            return
        self.live.append(parcel)
        self.live_bytes += len(parcel.body)

    def first(self, now: float) -> Parcel | None:
        """What to send at `now`; None if nothing waits, or not yet."""
        if now < self.not_before:
            return None
        if self.live:
            return self.live[0]
        if self.spool is not None and now >= self.drain_from:
            return self.spool.peek()
        return None

    def last(self) -> Parcel | None:
        """What to send next when the process ends: without pauses, until it is given up."""
        if self.live:
            return self.live[0]
        if self.spool is None or self.gave_up:
            return None
        return self.spool.peek()

    def due(self, now: float) -> float | None:
        """When (on the clock) to look again; None if nothing waits."""
        if self.live:
            return max(now, self.not_before)
        if self.spool is not None and self.spool.size:
            return max(now, self.not_before, self.drain_from)
        return None

    def holds(self, last: Parcel | None) -> bool:
        """True while `last`, or anything older, waits; what is on disk counts as older."""
        if self.spool is not None and self.spool.size:
            return True
        return last is not None and any(parcel is last for parcel in self.live)

    def delivered(self, parcel: Parcel, rejected: int, now: float) -> None:
        """The endpoint took `parcel`, save `rejected` items of it."""
        # Not more than there are: data points are not counted one by one, and endpoints may err.
        rejected = min(rejected, parcel.items)
        place = self._remove(parcel)
        if place == "disk":
            self.drain_from = now + len(parcel.body) / DRAIN_RATE
        if place:
            self.tally.sent(self.signal, parcel.items - rejected)
        if place and rejected:
            self.tally.dropped(self.signal, "rejected", rejected)
        self.failures = 0
        self.not_before = 0.0

    def refused(self, parcel: Parcel, reason: str) -> None:
        """The endpoint will never take `parcel`."""
        if self._remove(parcel):
            self.tally.dropped(self.signal, reason, parcel.items)

    def delayed(self, retry_after: float | None, now: float) -> None:
        """The endpoint is away, or asks for a pause of `retry_after` seconds."""
        self.failures += 1
        pause = retry_after
        if pause is None:
            doubled = _FIRST_PAUSE * 2 ** min(self.failures - 1, 8)
            pause = min(_LONGEST_PAUSE, doubled) * self.jitter()
        self.not_before = now + min(max(pause, _SHORTEST_PAUSE), _LONGEST_RETRY_AFTER)
        self.spill()

    def spill(self) -> None:
        """Move what is in memory to disk, as far as the disk takes it."""
        while self.spool is not None and self.live and self.spool.append(self.live[0]):
            self.live_bytes -= len(self.live.popleft().body)

    def drop_oldest(self, reason: str) -> None:
        """Give up the oldest parcel in memory."""
        parcel = self.live.popleft()
        self.live_bytes -= len(parcel.body)
        self.tally.dropped(self.signal, reason, parcel.items)

    def _remove(self, parcel: Parcel) -> str:
        """Let go of `parcel`; where it waited: "memory", "disk", or "" for nowhere any more.

        The latter was dropped for room, and counted then, or was moved to disk at the end, while
        it was on its way.
        """
        if self.live and self.live[0] is parcel:
            self.live_bytes -= len(self.live.popleft().body)
            return "memory"
        if self.spool is not None and self.spool.peek() is parcel:
            self.spool.pop()
            return "disk"
        return ""
