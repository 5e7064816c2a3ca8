"""Measures one case in this process, with or without clew, and prints JSON.

    python -m benchmarks.path._child CASE bare|clew operations|time N

Printed: {"request": per request, "export": per request}, in operations or in microseconds. "export"
is what the export thread does later for the same requests: measuring, encoding, queueing. Sending
is left out.
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
from contextlib import redirect_stdout

_WARM = 20
_BATCHES = 15
"""Times are the best of so many batches: what disturbs a batch only ever makes it longer."""
Measure = Callable[[Callable[[], object]], float]


def main(words: list[str]) -> None:
    name, side, unit, number = words[0], words[1], words[2], int(words[3])
    measure = _operations if unit == "operations" else _microseconds
    if unit == "operations":
        _steady_clock()
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        result = _measure(name, side == "clew", measure, number)
    print(json.dumps(result), flush=True)
    os._exit(0)  # at an ordinary end telemetry would be sent


def _measure(name: str, clew: bool, measure: Measure, number: int) -> dict[str, float]:
    drain = _start_clew() if clew else lambda: None
    from benchmarks.path._cases import CASES

    case = CASES[name]()

    def requests() -> None:
        for _ in range(number):
            case()

    for _ in range(2):  # caches fill, templates are made
        for _ in range(_WARM):
            case()
        drain()
    if measure is _operations:
        gc.disable()  # collections run no bytecode of their own, but finalizers would
        return {"request": measure(requests) / number, "export": measure(drain) / number}
    pairs = [(measure(requests) / number, measure(drain) / number) for _ in range(_BATCHES)]
    return {"request": min(one for one, _ in pairs), "export": min(two for _, two in pairs)}


def _start_clew() -> Callable[[], object]:
    """Start telemetry as a service does; return what its export thread does when it wakes."""
    # It takes the connection and says nothing, so that the sending thread neither fails nor ends.
    silent = socket.create_server(("127.0.0.1", 0))
    silent.set_inheritable(False)
    os.environ.update(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
        OTEL_EXPORTER_OTLP_TIMEOUT="3600000",
        OTEL_BSP_SCHEDULE_DELAY="3600000",  # ms: the thread itself stays asleep
        OTEL_METRIC_EXPORT_INTERVAL="3600000",
        OTEL_BSP_MAX_QUEUE_SIZE="1000000",
        OTEL_SERVICE_NAME="bench",
        CLEW_ACCESS_LOG="false",
    )
    import clew.auto  # noqa: F401
    from clew import _runtime

    runtime = _runtime.current()
    assert runtime is not None
    _keep.append(silent)
    return runtime.pipeline.drain


_keep: list[socket.socket] = []


def _steady_clock() -> None:
    """Clocks that advance 1 ms with each look: no branch depends on when this runs."""
    time.time_ns = itertools.count(1_700_000_000_000_000_000, 1_000_000).__next__
    time.time = itertools.count(1_700_000_000.0, 0.001).__next__


def _operations(work: Callable[[], object]) -> float:
    from benchmarks.path._operations import Operations

    with Operations() as counted:
        work()
    return counted.total


def _microseconds(work: Callable[[], object]) -> float:
    """CPU time of this thread."""
    before = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - before) / 1_000


if __name__ == "__main__":
    main(sys.argv[1:])
