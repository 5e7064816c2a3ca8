"""A drill in which the endpoint answers everything that HTTP, and worse, allows."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from benchmarks.chaos._bench import Bench, Pace, bench, live_through, result
from benchmarks.chaos._reconcile import Result, Window
from benchmarks.outage._arrived import arrived
from benchmarks.outage._endpoint import Reply, Request, accept

_ALL = 1 << 40  # more than any request holds
_PARTIAL = ExportTraceServiceResponse(
    partial_success=ExportTracePartialSuccess(rejected_spans=_ALL, error_message="no")
).SerializeToString()


def replies(seed: int) -> list[Reply]:
    """Every status once, and answers that are none, in an order that `seed` gives."""
    chance = random.Random(seed)
    odd = [
        Reply(status, body=chance.randbytes(chance.choice((0, 3, 500, 200_000))))
        for status in range(201, 600)
    ]
    odd += [Reply(status, {"Location": "/elsewhere"}) for status in (301, 302, 303, 307, 308)]
    odd += [Reply(status, {"Retry-After": "0"}) for status in (429, 502, 503, 504)]
    odd += [Reply(status, {"Retry-After": "soon"}) for status in (429, 503)]
    odd += [Reply(200, body=_PARTIAL, keep=False) for _ in range(5)]
    odd += [Reply(200, body=b"\x0a\xff\xff\xff\xff\xff"), Reply(200, body=b"<html>")]
    odd += [Reply(keep=False, raw=raw) for raw in _RAW]
    odd += [Reply(keep=True, raw=raw) for raw in _TAKEN]
    chance.shuffle(odd)
    return odd


# What the endpoint took, though its answer is lost or odd: the same may come again.
_TAKEN = (b"", b"", b"", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")
# And a 204 or 205 whose body, which it may not have, reads as the next answer.
_ANSWERS_LOST = len(_TAKEN) + 2
# What it did not take.
_RAW = (
    b"",
    b"\x00" * 40,
    b"HTTP/1.1\r\n\r\n",
    b"HTTP/9.9 999 X\r\n\r\n",
    b"HTTP/1.1 abc Y\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.6\r\n",
)


def answers(folder: Path, pace: Pace) -> Result:
    """Whatever the endpoint answers, no request fails, and every count reconciles or is a drop."""
    left = replies(seed=7)

    def begin(it: Bench) -> None:
        it.endpoint.answer = lambda number: left.pop() if left else accept(number)

    def end(it: Bench) -> None:
        deadline = time.monotonic() + pace.settle
        while left and time.monotonic() < deadline:
            time.sleep(0.1)
        it.endpoint.answer = accept

    # Often, so that there are many requests to answer.
    variables = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "500"}
    with bench(folder, pace.rate, variables) as it:
        calm = Pace(pace.normal, pace.fault, pace.after, 5.0, pace.rate)
        made = live_through(it, calm, begin, end)
        window = Window(drops=True, copies=True)
        note = f"{it.endpoint.requests} requests answered"
        found = result("every answer there is", it, made, window, note)
        if left:
            found.broken.append(f"{len(left)} answers were not asked for")
        found.broken.extend(_exact(it, len(made)))
        return found


def _exact(it: Bench, made: int) -> list[str]:
    """Distinct arrived + dropped = made: nothing goes uncounted, and nothing counts twice.

    Save for what the endpoint took while its answer was lost: refused at the second attempt, it
    counts as dropped although it had arrived.
    """
    found = arrived(it.endpoint.kept)
    dropped = found.dropped_by_reason()
    broken = []
    for signal, what, counts in (("traces", "spans", found.spans), ("logs", "lines", found.lines)):
        gone = sum(items for key, items in dropped.items() if key.startswith(signal))
        sizes = sorted(_items(request, what) for request in it.endpoint.kept)
        most = made + sum(sizes[-_ANSWERS_LOST:]) + (_other_lines(it) if what == "lines" else 0)
        if not made <= len(counts) + gone <= most:
            broken.append(f"{what}: {len(counts)} arrived + {gone} dropped of {made}")
    return broken


def _items(request: Request, what: str) -> int:
    return sum(getattr(arrived([request]), what).values())


def _other_lines(it: Bench) -> int:
    """Log lines that are not the handler's: clew's own, about the endpoint."""
    lines = [line for line in it.service.child.output.read_text().split("\n") if line[:1] == "{"]
    return sum(json.loads(line)["logger"] != "outage.items" for line in lines)
