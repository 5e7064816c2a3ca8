"""Drills that kill a worker process of the service with SIGKILL."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.chaos._bench import Bench, Pace, bench, live_through, result
from benchmarks.chaos._reconcile import Result, Window
from benchmarks.outage._endpoint import accept, hang
from benchmarks.outage._load import Made

# What is made goes to the export thread every 0.2 s (OTEL_BSP_SCHEDULE_DELAY), and takes a moment
# to be encoded and sent.
WINDOW = 0.2
_MOMENT = 0.1
# A process's sums leave every 10 s (OTEL_METRIC_EXPORT_INTERVAL).
_METRIC_INTERVAL = 10.0
_WORDS = ("--workers", "2")
# A worker's segments are looked for every 30 s.
_TAKEN_OVER = 45.0
# s that an attempt may take (OTEL_EXPORTER_OTLP_TIMEOUT), and after which without an answer what
# is made goes to disk.
_TIMEOUT, _PATIENCE = 10.0, 1.0


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

    def served(self, made: Sequence[Made], begin: float, end: float) -> list[Made]:
        """The requests that it answered from `begin` to `end`."""
        return [one for one in made if self.pid == _process(one) and begin < one.ended < end]

    def served_last(self, made: Sequence[Made], seconds: float) -> list[Made]:
        """The requests that it answered in the last `seconds` of its life."""
        return self.served(made, self.when - seconds, float("inf"))

    def under_way(self, made: Sequence[Made]) -> list[Made]:
        """The requests that its end left without an answer: no telemetry could have given one."""
        return [
            one for one in made if not one.status and one.began - 0.5 < self.when < one.ended + 0.5
        ]


def _process(made: Made) -> int:
    return int(json.loads(made.body)["process"]) if made.body else 0


def worker(folder: Path, pace: Pace) -> Result:
    """kill -9 of a uvicorn worker while the endpoint is well."""
    quick = dataclasses.replace(pace, settle=12.0)  # some are lost: not all will arrive
    return _drill("kill -9 of a worker", folder, quick, lambda it: None, lambda it: None)


def worker_in_outage(folder: Path, pace: Pace) -> Result:
    """The same while the endpoint is away: what is on disk outlives the worker."""

    def begin(it: Bench) -> None:
        it.endpoint.close()
        time.sleep(pace.fault)

    calm = dataclasses.replace(pace, settle=_TAKEN_OVER)
    return _drill(
        "kill -9 of a worker, endpoint away", folder, calm, begin, lambda it: it.endpoint.open()
    )


def worker_in_hang(folder: Path, pace: Pace) -> Result:
    """The same while the endpoint hangs, before the first attempt has timed out."""

    def begin(it: Bench) -> None:
        it.endpoint.answer = hang
        time.sleep(min(pace.fault, _TIMEOUT - 4.0))

    def end(it: Bench) -> None:
        it.endpoint.answer = accept

    calm = dataclasses.replace(pace, settle=_TAKEN_OVER)
    return _drill("kill -9 of a worker, endpoint hangs", folder, calm, begin, end, _PATIENCE)


def _drill(
    name: str,
    folder: Path,
    pace: Pace,
    begin: Callable[[Bench], object],
    end: Callable[[Bench], object],
    unnoticed: float = 0.0,
) -> Result:
    """`begin`, then the kill, then `end`. What was made in the first `unnoticed` seconds of the
    fault was in memory alone."""
    killed = _Killed()

    def begin_and_kill(it: Bench) -> None:
        begin(it)
        killed.kill(it)

    with bench(folder, pace.rate, words=_WORDS) as it:
        made = live_through(it, pace, begin_and_kill, end)
        last = killed.served_last(made, WINDOW + _MOMENT)
        if unnoticed:
            fault = it.marks[0]
            last += killed.served(made, fault - WINDOW, fault + unnoticed + WINDOW + _MOMENT)
        numbers = {one.number for one in last}
        # An export that the fault caught in memory is lost, and with it the interval before.
        uncounted = _METRIC_INTERVAL + WINDOW + _MOMENT
        if unnoticed:
            uncounted += killed.when - it.marks[0]
        window = Window(
            may_lose=lambda one: one.number in numbers,
            counter_may_lack=len(killed.served_last(made, uncounted)),
            answers_may_fail=len(killed.under_way(made)),
        )
        found = result(name, it, made, window)
    lost = found.made - found.spans
    seconds = WINDOW + _MOMENT + (unnoticed + 2 * WINDOW + _MOMENT if unnoticed else 0.0)
    note = f"{lost} lost of {len(numbers)} in {seconds:.1f} s"
    return dataclasses.replace(found, note=note)
