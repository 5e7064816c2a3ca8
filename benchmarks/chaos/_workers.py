"""Drills that kill a worker process of the service with SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chaos._bench import Bench, Pace, bench, live_through, result
from benchmarks.chaos._reconcile import Result, Window
from benchmarks.outage._load import Made

# What is made goes to the export thread every 0.2 s (OTEL_BSP_SCHEDULE_DELAY), and takes a moment
# to be encoded and sent.
WINDOW = 0.2
_MOMENT = 0.1
# A process's sums leave every 10 s (OTEL_METRIC_EXPORT_INTERVAL).
_METRIC_INTERVAL = 10.0
_WORDS = ("--workers", "2")


class _Killed:
    """Kills one of the workers, and knows which requests it had served."""

    def __init__(self) -> None:
        self.pid = 0
        self.when = 0.0

    def kill(self, it: Bench) -> None:
        served = json.loads(it.load.made[-1].body)
        self.pid = int(served["process"])
        os.kill(self.pid, signal.SIGKILL)
        self.when = time.monotonic()

    def served_within(self, seconds: float, made: Sequence[Made]) -> list[Made]:
        """The requests that it answered in the last `seconds` of its life."""
        return [one for one in made if self.pid == _process(one) and self._last(one, seconds)]

    def _last(self, one: Made, seconds: float) -> bool:
        return one.ended > self.when - seconds


def _process(made: Made) -> int:
    return int(json.loads(made.body)["process"]) if made.body else 0


def worker(folder: Path, pace: Pace) -> Result:
    """kill -9 of a uvicorn worker while the endpoint is well."""
    return _drill(folder, pace, away=False)


def worker_in_outage(folder: Path, pace: Pace) -> Result:
    """The same while the endpoint is away: what is on disk outlives the worker."""
    return _drill(folder, pace, away=True)


def _drill(folder: Path, pace: Pace, *, away: bool) -> Result:
    killed = _Killed()

    def begin(it: Bench) -> None:
        if away:
            it.endpoint.close()
            time.sleep(pace.fault)
        killed.kill(it)

    def end(it: Bench) -> None:
        if away:
            it.endpoint.open()

    # A worker's segments are found by another within 30 s.
    calm = Pace(pace.normal, pace.fault, pace.after, 45.0 if away else 12.0, pace.rate)
    with bench(folder, pace.rate, words=_WORDS) as it:
        made = live_through(it, calm, begin, end)
        last = {one.number for one in killed.served_within(WINDOW + _MOMENT, made)}
        uncounted = len(killed.served_within(_METRIC_INTERVAL + WINDOW + _MOMENT, made))
        window = Window(
            may_lose=lambda one: one.number in last,
            counter_may_lack=uncounted,
            answers_may_fail=len([one for one in made if not one.status and _near(one, killed)]),
        )
        where = "kill -9 of a worker" + (", endpoint away" if away else "")
        found = result(where, it, made, window)
    lost = found.made - found.spans
    note = f"{lost} lost of {len(last)} in the last {WINDOW + _MOMENT:g} s"
    return Result(**{**vars(found), "note": note})


def _near(one: Made, killed: _Killed) -> bool:
    """It was under way when the worker was killed: no telemetry could have answered it."""
    return one.began - 0.5 < killed.when < one.ended + 0.5
