"""The sending thread: takes encoded requests from a bounded outbox, retries, gives up, counts."""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

from clew._config import Endpoint
from clew.export._tally import Tally

_logger = logging.getLogger(__name__)
_FIRST_PAUSE = 0.5  # s; doubles with each failure
_LONGEST_PAUSE = 5.0  # s
_LONGEST_RETRY_AFTER = 60.0  # s; an endpoint may ask for longer, but not silence clew for an hour
OUTBOX_BYTES = 32 * 1024 * 1024


class Parcel(NamedTuple):
    """One encoded request and how many items (spans, data points, records) are in it."""

    body: bytes
    items: int


@dataclass
class _Lane:
    """One signal's way: what waits, and when it may be tried next."""

    signal: str
    endpoint: Endpoint
    waiting: deque[Parcel] = field(default_factory=deque)
    transport: object = None
    failures: int = 0
    not_before: float = 0.0


class Sender:
    """Sends parcels in order, each signal in a lane of its own.

    While an endpoint is away its parcels wait, at most `limit` bytes over all lanes; beyond that
    the oldest are dropped and counted.
    """

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        tally: Tally,
        limit: int = OUTBOX_BYTES,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._lanes = {signal: _Lane(signal, endpoint) for signal, endpoint in endpoints.items()}
        self._tally = tally
        self._limit = limit
        self._clock = clock
        self._bytes = 0
        self._changed = threading.Condition()
        self._stop_at: float | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="clew-send", daemon=True)
        self._thread.start()

    @property
    def queued_bytes(self) -> int:
        """Bytes encoded and not yet accepted."""
        return self._bytes

    def put(self, signal: str, parcel: Parcel) -> None:
        """Queue `parcel`; drop the oldest of the fullest lane where there is no room."""
        with self._changed:
            self._lanes[signal].waiting.append(parcel)
            self._bytes += len(parcel.body)
            while self._bytes > self._limit:
                lane = max(self._lanes.values(), key=lambda one: len(one.waiting))
                self._drop(lane, "outbox_full")
            self._changed.notify()

    def stop(self, deadline: float) -> None:
        """Send what waits until `deadline` (of the clock); then count the rest as dropped."""
        with self._changed:
            self._stop_at = deadline
            for lane in self._lanes.values():
                lane.not_before = 0.0
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - self._clock()))
        with self._changed:
            for lane in self._lanes.values():
                while lane.waiting:
                    self._drop(lane, "shutdown")

    def flush(self, deadline: float) -> bool:
        """Wait until nothing waits, or `deadline`. True if all was sent or given up."""
        with self._changed:
            while any(lane.waiting for lane in self._lanes.values()):
                left = deadline - self._clock()
                if left <= 0 or self._thread is None or not self._thread.is_alive():
                    return False
                self._changed.wait(min(left, 0.05))
        return True

    def _drop(self, lane: _Lane, reason: str) -> None:
        """Give up the oldest parcel of `lane`. The caller holds the lock."""
        parcel = lane.waiting.popleft()
        self._bytes -= len(parcel.body)
        self._tally.dropped(lane.signal, reason, parcel.items)

    def _run(self) -> None:
        while True:
            with self._changed:
                lane, wait = self._next()
                if lane is None:
                    if self._stop_at is not None and wait is None:
                        break
                    self._changed.wait(wait)
                    continue
                parcel = lane.waiting[0]
            self._attempt(lane, parcel)
        for lane in self._lanes.values():
            if lane.transport is not None:
                lane.transport.close()  # type: ignore[attr-defined]

    def _next(self) -> tuple[_Lane | None, float | None]:
        """The lane to serve now; else None and the seconds to wait, None for until something
        comes. The caller holds the lock."""
        now = self._clock()
        if self._stop_at is not None and now >= self._stop_at:
            return None, None
        busy = [lane for lane in self._lanes.values() if lane.waiting]
        if not busy:
            return None, None
        lane = min(busy, key=lambda one: one.not_before)
        if lane.not_before <= now:
            return lane, None
        return None, lane.not_before - now

    def _attempt(self, lane: _Lane, parcel: Parcel) -> None:
        from clew.export._transport import Answer, open_transport

        timeout = lane.endpoint.timeout
        if self._stop_at is not None:
            timeout = min(timeout, max(0.05, self._stop_at - self._clock()))
        try:
            if lane.transport is None:
                lane.transport = open_transport(lane.signal, lane.endpoint)
            answer = lane.transport.send(parcel.body, timeout)  # type: ignore[attr-defined]
        except Exception as error:  # whatever it is, it must not end this thread
            answer = Answer(reason=type(error).__name__, detail=str(error), retry=False)
        with self._changed:
            self._settle(lane, parcel, answer)
            self._changed.notify_all()

    def _settle(self, lane: _Lane, parcel: Parcel, answer: object) -> None:
        from clew.export._transport import Answer

        assert isinstance(answer, Answer)
        if not lane.waiting or lane.waiting[0] is not parcel:
            return  # dropped for room, or at shutdown, while it was on its way
        if answer.retry:
            lane.failures += 1
            pause = answer.retry_after
            if pause is None:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(lane.failures - 1, 8))
                pause *= random.uniform(0.8, 1.2)  # so that a fleet does not return in step
            lane.not_before = self._clock() + min(pause, _LONGEST_RETRY_AFTER)
            if lane.failures == 1:
                _logger.warning(
                    "%s not delivered to %s (%s). They wait in memory and are sent again.",
                    lane.signal.capitalize(), lane.endpoint.url, answer.detail,
                )  # fmt: skip
            return
        if answer.reason:
            self._drop(lane, answer.reason)
            if lane.failures == 0:
                _logger.error(
                    "%s refused by %s (%s): %d items dropped. More of these are only counted.",
                    lane.signal.capitalize(), lane.endpoint.url, answer.detail, parcel.items,
                )  # fmt: skip
            lane.failures += 1
            return
        lane.waiting.popleft()
        self._bytes -= len(parcel.body)
        self._tally.sent(lane.signal, parcel.items - answer.rejected)
        if answer.rejected:
            self._tally.dropped(lane.signal, "rejected", answer.rejected)
        if lane.failures:
            _logger.warning(
                "%s are delivered again to %s.", lane.signal.capitalize(), lane.endpoint.url
            )
        lane.failures = 0
