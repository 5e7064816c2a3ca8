"""Drills that kill a part of the pipeline, or a backend, with SIGKILL."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from benchmarks.chaos._bench import Pace, result_of
from benchmarks.chaos._reconcile import Result, Window
from benchmarks.chaos._stack import PARTS, Stack, own_stack
from benchmarks.chaos._stores import Stores
from benchmarks.outage._load import Load
from benchmarks.outage._service import Service, clew_variables

_POLL = 1.0  # s


def part(stack: Stack, name: str, folder: Path, pace: Pace) -> Result:
    """kill -9 of `name` under load, down for `pace.fault` seconds, then started again."""
    service_name = f"items-{name}"
    variables = {**clew_variables(folder), "OTEL_METRIC_EXPORT_INTERVAL": "2000"}
    service = Service(folder, stack.endpoint, variables=variables, name=service_name)
    try:
        load, begun = Load(service.port, pace.rate).start(), time.time()
        time.sleep(pace.normal)
        marks = [time.monotonic()]
        stack.kill(name)
        time.sleep(pace.fault)
        stack.up(*PARTS)
        marks.append(time.monotonic())
        time.sleep(pace.after)
        made = load.stop()
        stores = Stores(stack, service_name, begun, time.time())
        stopped = time.monotonic()
        while not stores.holds(made) and time.monotonic() < stopped + pace.settle:
            time.sleep(_POLL)
        took = time.monotonic() - stopped
        service.child.stop(signal.SIGTERM, 30.0)
        note = f"all there {took:.0f} s after the last request"
        found = stores.arrived()
        return result_of(f"kill -9 of {name}", made, found, marks, Window(), note)
    finally:
        service.child.kill()


def parts(names: list[str], folder: Path, pace: Pace) -> list[Result]:
    """Each of `names` in turn, in one stack."""
    with own_stack(folder / "stack") as stack:
        return [part(stack, name, folder / name, pace) for name in names]
