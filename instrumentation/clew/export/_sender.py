"""The sending thread: serves one lane a signal, retries, spools, gives up, counts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from time import monotonic

from clew._config import Endpoint
from clew._fork_gate import ForkGate
from clew.export._answer import Answer
from clew.export._lane import Lane
from clew.export._parcel import Parcel
from clew.export._spool import Spool, SpoolHome
from clew.export._tally import Tally
from clew.export._thread import start_thread

_logger = logging.getLogger(__name__)
OUTBOX_BYTES = 32 * 1024 * 1024
_LOOK_FOR_ORPHANS = 30.0  # s
_LAST_TRY = 1.0  # s
# s without an answer after which what is made goes to disk: an endpoint that hangs is not known to
# be away before its timeout, and the process may be killed meanwhile.
_PATIENCE = 1.0


class Sender:
    """Sends parcels; each signal's in order.

    While an endpoint is away its parcels go to the spool. Without one, or while the disk is full,
    they wait in memory, at most `limit` bytes over all signals; beyond that the oldest are dropped.
    """

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        tally: Tally,
        home: SpoolHome | None = None,
        spools: Mapping[str, Spool] | None = None,
        limit: int = OUTBOX_BYTES,
        clock: Callable[[], float] = monotonic,
        gate: ForkGate | None = None,
    ) -> None:
        """`spools` are by signal; `home` is the folder they are in, closed at the end."""
        self._lanes = {
            signal: Lane(signal, endpoint, tally, (spools or {}).get(signal))
            for signal, endpoint in endpoints.items()
        }
        self._home = home
        self._limit = limit
        self._clock = clock
        self._gate = gate or ForkGate()
        self._changed = threading.Condition()
        self._stop_at: float | None = None
        self._thread: threading.Thread | None = None
        # When the attempt began since which no endpoint has answered.
        self._unanswered: float | None = None
        self._orphans_at = 0.0
        self._told: set[str] = set()

    def start(self) -> None:
        self._thread = start_thread(self._run, "clew-send")

    @property
    def queued_bytes(self) -> int:
        """Bytes in memory, not yet accepted."""
        return sum(lane.live_bytes for lane in self._lanes.values())

    @property
    def spooled_bytes(self) -> int:
        """Bytes on disk, not yet accepted."""
        return sum(lane.spool.size for lane in self._lanes.values() if lane.spool)

    def certificates(self) -> dict[str, tuple[str, int, int]]:
        """{signal: (host, port, end in s since the epoch)} where one was verified."""
        known = {signal: lane.certificate() for signal, lane in self._lanes.items()}
        return {signal: one for signal, one in known.items() if one is not None}

    def put(self, signal: str, parcel: Parcel) -> None:
        """Queue `parcel`; drop the oldest of the fullest lane where memory has no room."""
        with self._changed:
            self._lanes[signal].put(parcel, self._hangs())
            while self.queued_bytes > self._limit:
                fullest = max(self._lanes.values(), key=lambda lane: lane.live_bytes)
                fullest.drop_oldest("outbox_full")
            self._changed.notify_all()

    def _hangs(self) -> bool:
        return self._unanswered is not None and self._clock() - self._unanswered > _PATIENCE

    def flush(self, deadline: float) -> bool:
        """Wait until what waits now does so no more, or `deadline` of the clock. True if all of it
        was sent or refused."""
        with self._changed:
            # Not until nothing waits: in a busy process that moment may never come.
            last = [(lane, lane.live[-1] if lane.live else None) for lane in self._lanes.values()]
            while any(lane.holds(parcel) for lane, parcel in last):
                left = deadline - self._clock()
                if left <= 0 or self._thread is None or not self._thread.is_alive():
                    return False
                self._changed.wait(min(left, 0.05))
        return True

    def stop(self, deadline: float) -> None:
        """Send what is in memory, and then what is on disk, until `deadline` of the clock. What is
        left in memory goes to disk, or is dropped. An endpoint that is away is tried once, not
        waited for."""
        with self._changed:
            self._stop_at = deadline
            for lane in self._lanes.values():
                lane.not_before = 0.0
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - self._clock()))
        with self._changed:
            for lane in self._lanes.values():
                self._give_up(lane)
                if lane.spool is not None:
                    lane.spool.close()
            if self._home is not None:
                self._home.close()

    def _give_up(self, lane: Lane) -> None:
        lane.gave_up = True
        lane.spill()
        while lane.live:
            lane.drop_oldest("shutdown")

    def _run(self) -> None:
        while True:
            self._adopt_orphans()
            with self._changed:
                lane, parcel, wait = self._next()
                if lane is None:
                    if self._stop_at is not None:
                        break
                    self._changed.wait(wait)
                    continue
            if parcel is not None:
                self._attempt(lane, parcel)
        for lane in self._lanes.values():
            if lane.transport is not None:
                lane.transport.close()

    def _next(self) -> tuple[Lane | None, Parcel | None, float | None]:
        """(lane, parcel) to serve now; else how many seconds to wait. The caller holds the lock."""
        now = self._clock()
        if self._stop_at is not None:
            if now < self._stop_at:
                # First what is in memory alone.
                for lane in sorted(self._lanes.values(), key=lambda one: not one.live):
                    parcel = lane.last()
                    if parcel is not None:
                        return lane, parcel, None
            return None, None, None
        for lane in sorted(self._lanes.values(), key=lambda one: one.not_before):
            parcel = lane.first(now)
            if parcel is not None:
                return lane, parcel, None
        due = [when for lane in self._lanes.values() if (when := lane.due(now)) is not None]
        if self._home is not None:
            due.append(self._orphans_at)
        return None, None, max(0.01, min(due) - now) if due else None

    def _attempt(self, lane: Lane, parcel: Parcel) -> None:
        with self._gate:  # a child that is forked off meanwhile could never import it
            from clew.export._transport import open_transport

        with self._changed:
            if self._unanswered is None:
                self._unanswered = self._clock()
        timeout = lane.endpoint.timeout
        if self._stop_at is not None:
            timeout = min(timeout, max(0.05, self._stop_at - self._clock()))
            if lane.failures:  # it was away a moment ago: the end is not to be held up for it
                timeout = min(timeout, _LAST_TRY)
        try:
            if lane.transport is None:
                lane.transport = open_transport(lane.signal, lane.endpoint)
            answer = lane.transport.send(parcel.body, timeout)
        except Exception as error:  # whatever it is, it must not end this thread
            answer = Answer(reason=type(error).__name__, detail=str(error), retry=False)
        with self._changed:
            before = lane.failures
            if not answer.retry or not self._hangs():  # being refused is an answer, too
                self._unanswered = None
            if answer.retry:
                lane.delayed(answer.retry_after, self._clock())
                if self._stop_at is not None:
                    self._give_up(lane)
            elif answer.reason:
                lane.refused(parcel, answer.reason)
            else:
                lane.delivered(parcel, answer.rejected, self._clock())
            self._changed.notify_all()
        self._tell(lane, before, answer.reason, answer.retry, answer.detail)

    def _tell(self, lane: Lane, before: int, reason: str, retry: bool, detail: str) -> None:
        """Log a change of the endpoint's state, not each attempt."""
        signal, url = lane.signal, lane.endpoint.url
        if retry and not before:
            place = "on disk" if lane.spool is not None else "in memory"
            _logger.warning("%s not delivered to %s (%s). Kept %s.", signal, url, detail, place)
        elif reason and not retry and reason not in self._told:
            self._told.add(reason)
            _logger.error(
                "%s refused by %s (%s), and dropped. More of these are only counted.",
                signal,
                url,
                detail,
            )
        elif not reason and before:
            _logger.warning("%s are delivered again to %s.", signal, url)

    def _adopt_orphans(self) -> None:
        """Take over what processes of this service left behind, every now and then."""
        now = self._clock()
        if self._home is None or now < self._orphans_at or self._stop_at is not None:
            return
        self._orphans_at = now + _LOOK_FOR_ORPHANS
        try:
            for folder in self._home.orphans():
                with self._changed:
                    for lane in self._lanes.values():
                        if lane.spool is not None:
                            lane.spool.adopt(folder / lane.signal)
        except OSError as error:
            _logger.debug("Looking for segments left behind failed: %s", error)
