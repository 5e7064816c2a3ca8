"""Watches event loops from a thread: a few times a second each is asked to run one callback.

How long that takes is the loop's lag: what anything that has just become ready would wait. Asked
for is a callback (`call_soon_threadsafe`), not a timer, whose own precision would be measured too.
Unlike asyncio's debug mode nothing is added to the loop's work. The price: blocks that are over
before the loop is asked again are not seen; one longer than `PERIOD` plus the threshold always is.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from time import perf_counter, time_ns
from typing import Any

from opentelemetry.trace import SpanContext

from clew import _faults
from clew.export._thread import start_thread

# Seconds between two questions: a loop with nothing to do wakes four times a second.
PERIOD = 0.25
# Seconds; where a loop does not say (asyncio's own default of `slow_callback_duration`).
_SLOW = 0.1
# Seconds that the thread pauses at least: whatever happens, it does not spin.
_SHORTEST = 0.005
# Beyond what an export interval of minutes makes of one loop.
_MOST_KEPT = 4_096

# (loop, the thread it runs in) → the context that was active, None if none was sampled; False where
# the loop was not blocked after all.
Report = Callable[[Any, int], "SpanContext | None | bool"]
# Seconds, ns since the epoch, and the span that was active during a block.
Lag = tuple[float, int, "SpanContext | None"]


class Watched:
    """One running loop, and the question that it has not answered yet."""

    def __init__(self, loop: Any, thread: int) -> None:
        self.loop = loop
        self.thread = thread
        self.depth = 1  # of run_forever within run_forever
        self.asked: float | None = None
        self.lag: float | None = None  # the answer
        self.reported = False
        self.context: SpanContext | None = None

    @property
    def waits(self) -> bool:
        """True while the answer is awaited, and nobody was told that it does not come."""
        return self.asked is not None and self.lag is None and not self.reported

    @property
    def due(self) -> float:
        """When, on the clock, the loop counts as blocked."""
        return (self.asked or 0.0) + self.threshold

    @property
    def threshold(self) -> float:
        """Seconds beyond which the loop counts as blocked."""
        return float(getattr(self.loop, "slow_callback_duration", _SLOW))


class LoopWatch:
    """Measures the lag of all loops that `entered`, and has their blocks reported."""

    def __init__(
        self, report: Report, period: float = PERIOD, clock: Callable[[], float] = perf_counter
    ) -> None:
        self.on_forget: Callable[[], None] = lambda: None
        self._report = report
        self._period = period
        self._clock = clock
        self._stopped = False
        self._begin()

    def _begin(self) -> None:
        self.blocks = 0
        self.began = False  # whether there ever was a loop
        self._watched: dict[int, Watched] = {}
        self._lags: deque[Lag] = deque(maxlen=_MOST_KEPT)
        self._lock = threading.Lock()
        self._wake = threading.Event()  # a loop has come, or the end
        self._answered = threading.Event()
        self._thread: threading.Thread | None = None

    def entered(self, loop: Any) -> None:
        """`loop` begins to run, in this thread."""
        with self._lock:
            known = self._watched.get(id(loop))
            if known is not None:
                known.depth += 1
                return
            self._watched[id(loop)] = Watched(loop, threading.get_ident())
            self.began = True
            if self._thread is None and not self._stopped:
                self._thread = start_thread(self._run, "clew-loops")
        self._wake.set()

    def left(self, loop: Any) -> None:
        """`loop` has stopped."""
        with self._lock:
            known = self._watched.get(id(loop))
            if known is None:  # from before a fork
                return
            known.depth -= 1
            if not known.depth:
                del self._watched[id(loop)]

    def loops(self) -> list[Any]:
        """The running loops."""
        with self._lock:
            return [watched.loop for watched in self._watched.values()]

    def take(self) -> list[Lag]:
        """What was measured since the last call."""
        lags = self._lags
        return [lags.popleft() for _ in range(len(lags))]

    def stop(self) -> None:
        """End the thread, soon."""
        self._stopped = True
        self._wake.set()

    def forget_parent(self) -> None:
        """After a fork: no loop runs here, and no thread watches."""
        self._stopped = False
        self._begin()
        self.on_forget()

    def _run(self) -> None:
        while not self._stopped:
            with self._lock:
                watched = list(self._watched.values())
            self._wake.clear()
            if not watched and not self._watched:
                self._wake.wait()
                continue
            try:
                rest = self.round(watched)
            except Exception:
                _faults.caught("an event loop")
                rest = self._period
            self._wake.wait(rest)

    def round(self, watched: list[Watched]) -> float:
        """Ask each loop, wait for the answers, report who is blocked; seconds until the next."""
        began = self._clock()
        self._answered.clear()
        for one in watched:
            self._settle(one)
            if one.asked is None:
                self._ask(one)
        while not self._stopped:
            waiting = [one for one in watched if one.waits]
            for one in waiting:
                if self._clock() >= one.due:
                    self._blocked(one)
            due = min((one.due for one in waiting if one.waits), default=None)
            if due is None:
                break
            self._answered.wait(max(_SHORTEST, due - self._clock()))
            self._answered.clear()
        for one in watched:
            self._settle(one)
        return max(_SHORTEST, began + self._period - self._clock())

    def _ask(self, one: Watched) -> None:
        one.lag, one.reported, one.context = None, False, None
        one.asked = asked = self._clock()

        def answer() -> None:  # in the loop
            one.lag = self._clock() - asked
            self._answered.set()

        try:
            one.loop.call_soon_threadsafe(answer)
        except RuntimeError:  # it is closed
            one.asked = None

    def _settle(self, one: Watched) -> None:
        """Note the answer to the last question, if it has come."""
        if one.asked is None or one.lag is None:
            return
        if one.lag >= one.threshold and not one.reported:
            # Over before this thread could look: what blocked the loop held the interpreter too.
            self.blocks += 1
        self._lags.append((one.lag, time_ns(), one.context))
        one.asked = None

    def _blocked(self, one: Watched) -> None:
        one.reported = True
        found = self._report(one.loop, one.thread)
        if found is False:  # it sleeps: the whole process stood still, or this thread did
            return
        self.blocks += 1
        if isinstance(found, SpanContext):
            one.context = found


def watch_class(kind: Any, watch: LoopWatch) -> None:
    """Have `watch` told of each loop of the class `kind` that runs."""
    original = kind.run_forever
    if hasattr(original, "__clew__"):
        return

    @functools.wraps(original)
    def run_forever(self: Any) -> Any:
        watch.entered(self)
        try:
            return original(self)
        finally:
            watch.left(self)

    run_forever.__clew__ = original  # type: ignore[attr-defined]
    kind.run_forever = run_forever
