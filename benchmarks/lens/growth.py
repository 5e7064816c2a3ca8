"""Ingest rate and query latency as the store grows.

    python benchmarks/lens/growth.py [--most 2000000] [--store FILE]

Requests are decoded and written in this process, without HTTP, so that the rates are the lens's
own. Every query is one that a view of the page asks, over the whole time that is stored.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from workload import SPANS_PER_REQUEST, Workload

from clew_lens.api.endpoints import ENDPOINTS
from clew_lens.otlp.intake import Intake
from clew_lens.otlp.signals import SIGNALS
from clew_lens.store import Database, Writer

SIZES = (10_000, 100_000, 500_000, 1_000_000, 2_000_000)
TRACES = 64
GAP = 4_000_000
"""Nanoseconds between traces: two million spans cover 17 minutes."""
REPEATS = 20
TRACES_SIGNAL, LOGS_SIGNAL = SIGNALS[0], SIGNALS[1]
ANSWERS = {endpoint.path: endpoint.answer for endpoint in ENDPOINTS}


def queries(
    number: int, user: str, trace_id: str, other: str
) -> dict[str, tuple[str, dict[str, str]]]:
    """What each view asks."""
    return {
        "overview": ("/overview", {}),
        "routes of a service": ("/routes", {"service": "orders"}),
        "follow correlation id": ("/follow", {"id": f"req-{number}"}),
        "follow trace id": ("/follow", {"id": trace_id}),
        "follow user.id": ("/follow", {"id": f"user.id={user}"}),
        "traces newest": ("/traces", {}),
        "traces slowest": ("/traces", {"order": "slowest"}),
        "traces failed of service": ("/traces", {"service": "payments", "status": "error"}),
        "traces by attribute": ("/traces", {"attribute": f"user.id={user}"}),
        "traces attribute absent": ("/traces", {"attribute": "user.id=nobody"}),
        "trace groups": ("/traces/groups", {}),
        "compare traces": ("/compare", {"a": trace_id, "b": other}),
        "compare versions": (
            "/compare/versions",
            {"service": "orders", "name": "POST /orders/"},
        ),
        "logs newest": ("/logs", {}),
        "logs of level error": ("/logs", {"level": "error"}),
        "logs text found": ("/logs", {"text": "declined"}),
        "logs text absent": ("/logs", {"text": "zebra"}),
        "logs histogram": ("/logs/histogram", {}),
        "map": ("/map", {}),
        "status": ("/status", {}),
    }


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="spans to stop at")
    parser.add_argument("--store", default="", help="a file to keep; a temporary one if not given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(arguments.store or os.path.join(folder, "growth.duckdb"), arguments.most)


def run(path: str, most: int) -> None:
    """Grow the store in `path` to `most` spans, measuring at each size on the way."""
    database = Database(path)
    writer = Writer(database, queue_limit=64 << 20)
    writer.start()
    intake = Intake(writer)
    start = time.time_ns() - 3600 * 10**9
    requests = Workload(1, start, GAP).requests(most // (TRACES * SPANS_PER_REQUEST) + 1, TRACES)
    stored, columns, rates = 0, {}, []
    for size in [size for size in SIZES if size <= most]:
        count, seconds, cpu = fill(intake, writer, requests, size - stored)
        stored += count
        each = cpu / count * 1e6
        rates.append((size, count / seconds, each, database.bytes_used(), peak_memory()))
        columns[size] = measure(database, start)
        print(f"{size:>9,} spans and as many log lines: {count / seconds:,.0f} spans/s", flush=True)
    report(rates, columns)
    writer.stop()
    database.close()


def fill(
    intake: Intake, writer: Writer, requests: Iterator[tuple[bytes, bytes]], spans: int
) -> tuple[int, float, float]:
    """Take in about that many spans: how many, and wall and processor seconds of taking them."""
    taken, seconds, made = 0, 0.0, 0.0
    cpu = time.process_time()
    while taken < spans:
        before = time.thread_time()
        traces, logs = next(requests)
        made += time.thread_time() - before
        begun = time.perf_counter()
        intake.take(TRACES_SIGNAL, traces)
        intake.take(LOGS_SIGNAL, logs)
        if writer.waiting_bytes > 8 << 20:
            writer.flush(60)
        seconds += time.perf_counter() - begun
        taken += TRACES * SPANS_PER_REQUEST
    begun = time.perf_counter()
    writer.flush(60)
    seconds += time.perf_counter() - begun
    return taken, seconds, time.process_time() - cpu - made


def measure(database: Database, start: int) -> dict[str, float]:
    """The 95th percentile of each query, in milliseconds."""
    with database.reader() as read:
        rows = read.rows(
            "SELECT correlation_id, printf('%016x%016x', trace_hi, trace_lo),"
            """ json_extract_string(attrs, '$."user.id"') FROM spans"""
            " WHERE correlation_id <> '' ORDER BY hash(seq) LIMIT 2"
        )
        number = int(rows[0][0].removeprefix("req-"))
        window = {"from": str(start // 1000 - 10**6), "to": str(time.time_ns() // 1000)}
        return {
            label: _p95(partial(ANSWERS[path], read, {**window, **values}))
            for label, (path, values) in queries(number, rows[0][2], rows[0][1], rows[1][1]).items()
        }


def _p95(ask: Callable[[], Any]) -> float:
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)[int(REPEATS * 0.95) - 1]


def peak_memory() -> int:
    """This process's largest resident size so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def report(
    rates: list[tuple[int, float, float, int, int]], columns: dict[int, dict[str, float]]
) -> None:
    """The tables, in Markdown."""
    print(
        "\n| spans stored | spans/s, logs beside | CPU µs a span and its log line | store MB"
        " | peak memory MB |\n|--:|--:|--:|--:|--:|"
    )
    for size, rate, each, store, memory in rates:
        print(f"| {size:,} | {rate:,.0f} | {each:.0f} | {store / 1e6:.0f} | {memory / 1e6:.0f} |")
    print("\n| query, p95 in ms at | " + " | ".join(f"{size:,}" for size in columns) + " |")
    print("|---|" + "--:|" * len(columns))
    for label in next(iter(columns.values())):
        cells = " | ".join(f"{column[label]:.0f}" for column in columns.values())
        print(f"| {label} | {cells} |")


if __name__ == "__main__":
    main()
