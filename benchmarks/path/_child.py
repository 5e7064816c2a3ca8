"""Measures one case in this process, first bare, then with clew, and prints JSON.

    python -m benchmarks.path._child CASE 'operations'|'time'|'python time' N

Printed: {"bare": …, "clew": …}, each {"request": per request, "export": per request}, in
operations or in microseconds. "export" is what the export thread does later for the same requests:
measuring, encoding, queueing. Sending is left out.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.path._cases import CASES
from benchmarks.path._operations import Operations

if TYPE_CHECKING:
    from clew.export._pipeline import Pipeline

_WARM = 20
_BATCHES = 15
"""Times are the best of so many batches: what disturbs a batch only ever makes it longer."""

Work = Callable[[], object]
Cost = dict[str, float]


def main(words: list[str]) -> None:
    name, unit, number = words[0], words[1], int(words[2])
    printed = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # log lines are written, but nowhere
    if unit == "operations":
        _steady_clock()
    if unit != "time":
        # A call into compiled code counts as one, whatever it does: what is counted is all Python.
        for compiled in ("clew._path_native", "clew.export._native"):
            sys.modules[compiled] = None  # type: ignore[assignment]
    cost = _operations if unit == "operations" else _microseconds
    result = {"bare": cost(*_prepared(name, number, lambda: None), number)}
    pipeline = _start_clew()
    _check(name, pipeline)
    result["clew"] = cost(*_prepared(name, number, pipeline.drain), number)
    os.write(printed, json.dumps(result).encode())
    os._exit(0)  # at an ordinary end telemetry would be sent


def _check(name: str, pipeline: Pipeline) -> None:
    """One request, to see that its span is handed over, encoded and queued.

    Raises:
        RuntimeError: it is not. What fails must not pass for what is fast.
    """
    case = CASES[name]()
    pipeline.drain()
    queued = pipeline.queued_bytes()
    case()
    if len(pipeline.spans) != 1:
        raise RuntimeError(f"{len(pipeline.spans)} spans were handed over, not 1")
    pipeline.drain()
    if pipeline.queued_bytes() <= queued:
        raise RuntimeError("nothing was queued for sending")


def _prepared(name: str, number: int, drain: Work) -> tuple[Work, Work]:
    """(the requests, the export), after caches have filled."""
    case = CASES[name]()
    for _ in range(2):
        for _ in range(_WARM):
            case()
        drain()

    def requests() -> None:
        for _ in range(number):
            case()

    return requests, drain


def _operations(requests: Work, drain: Work, number: int) -> Cost:
    gc.collect()
    gc.disable()  # a collection may run finalizers, at a moment of its own
    try:
        with Operations() as of_requests:
            requests()
        with Operations() as of_drain:
            drain()
    finally:
        gc.enable()
    return {"request": of_requests.total / number, "export": of_drain.total / number}


def _microseconds(requests: Work, drain: Work, number: int) -> Cost:
    batches = [(_thread_ns(requests), _thread_ns(drain)) for _ in range(_BATCHES)]
    request, export = (min(ns) / number / 1_000 for ns in zip(*batches, strict=True))
    return {"request": request, "export": export}


def _thread_ns(work: Work) -> int:
    """CPU time of this thread."""
    before = time.thread_time_ns()
    work()
    return time.thread_time_ns() - before


def _start_clew() -> Pipeline:
    """Start telemetry as a service does, with an export thread that sleeps."""
    # It takes the connection and says nothing, so that the sending thread neither fails nor ends.
    silent = socket.create_server(("127.0.0.1", 0))
    _open.append(silent)
    os.environ.update(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
        OTEL_EXPORTER_OTLP_TIMEOUT="3600000",
        OTEL_BSP_SCHEDULE_DELAY="3600000",  # ms: the thread itself stays asleep
        OTEL_METRIC_EXPORT_INTERVAL="3600000",
        OTEL_BSP_MAX_QUEUE_SIZE="1000000",
        OTEL_SERVICE_NAME="bench",
        # An endpoint that says nothing is one that hangs: what is made would go to disk.
        CLEW_SPOOL_DIR="off",
        CLEW_ACCESS_LOG="false",
    )
    import clew.auto  # noqa: F401
    from clew import _start

    runtime = _start.current()
    assert runtime is not None
    return runtime.pipeline


_open: list[socket.socket] = []


def _steady_clock() -> None:
    """Clocks that advance 1 ms with each look: no branch depends on when this runs."""
    time.time_ns = itertools.count(1_700_000_000_000_000_000, 1_000_000).__next__
    time.time = itertools.count(1_700_000_000.0, 0.001).__next__


if __name__ == "__main__":
    main(sys.argv[1:])
