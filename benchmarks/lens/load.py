"""Queries of the page while telemetry streams in over HTTP.

    python benchmarks/lens/load.py [--rate 10000] [--seconds 30]

Starts a lens of its own. One thread sends spans with as many log lines at an even pace, made
beforehand; another asks what the page asks, one query after another. Loopback only.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from workload import SPANS_PER_REQUEST, Workload

TRACES = 64
MOST_RATE, MOST_SECONDS = 50_000, 120
PATHS = (
    "/overview",
    "/traces?status=error",
    "/traces/groups",
    "/traces?attribute=user.id%3Du-4711",
    "/logs?text=declined",
    "/logs?level=error",
    "/map",
    "/status",
)


def main() -> None:
    """Load, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000, help="spans a second, logs beside")
    parser.add_argument("--seconds", type=int, default=30)
    arguments = parser.parse_args()
    rate, seconds = min(arguments.rate, MOST_RATE), min(arguments.seconds, MOST_SECONDS)
    count = rate * seconds // (TRACES * SPANS_PER_REQUEST)
    gap = 1_000_000_000 * SPANS_PER_REQUEST // rate
    workload = Workload(2, time.time_ns() - seconds * 10**9, gap)
    requests = list(workload.requests(count, TRACES))
    with lens() as (process, page, receiver):
        run(requests, seconds, process, page, receiver)


@contextmanager
def lens() -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A lens with a store in a temporary folder; its process, page port and receiver port."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "clew_lens", "--port", "0", "--otlp-http-port", "0"]
        words += ["--otlp-grpc-port", "off", "--store", os.path.join(folder, "load.duckdb")]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        page, receiver = (_port(process.stdout.readline()) for _ in range(2))
        try:
            yield process, page, receiver
        finally:
            process.terminate()
            process.wait(30)


def _port(line: str) -> int:
    return int(line.rstrip().rstrip("/").rpartition(":")[2])


def run(
    requests: list[tuple[bytes, bytes]],
    seconds: int,
    process: subprocess.Popen[str],
    page: int,
    receiver: int,
) -> None:
    """Send and ask at once, then report."""
    sent: dict[str, float] = {}
    sender = threading.Thread(target=send, args=(requests, seconds, receiver, sent))
    times: dict[str, list[float]] = defaultdict(list)
    before = _cpu(process.pid)
    sender.start()
    client = http.client.HTTPConnection("127.0.0.1", page, timeout=30)
    while sender.is_alive():
        for path in PATHS:
            begun = time.perf_counter()
            _get(client, path)
            times[path].append((time.perf_counter() - begun) * 1000)
            time.sleep(0.05)  # the page asks every two seconds; this is far more often
    used = _cpu(process.pid) - before
    deadline = time.monotonic() + 30
    spans = len(requests) * TRACES * SPANS_PER_REQUEST
    while (status := _get(client, "/status"))["received"]["spans"] < spans:
        if time.monotonic() > deadline:
            break
    report(spans, sent, times, status, used, process.pid)


def send(
    requests: list[tuple[bytes, bytes]], seconds: int, port: int, sent: dict[str, float]
) -> None:
    """All requests, evenly over `seconds`."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/x-protobuf"}
    begun = time.perf_counter()
    refused, late = 0, 0.0
    for index, (traces, logs) in enumerate(requests):
        due = begun + index * seconds / len(requests)
        now = time.perf_counter()
        if due > now:
            time.sleep(due - now)
        late = max(late, now - due)
        for path, body in (("/v1/traces", traces), ("/v1/logs", logs)):
            client.request("POST", path, body, headers)
            response = client.getresponse()
            response.read()
            refused += response.status != 200
    sent.update(seconds=time.perf_counter() - begun, refused=refused, late=late)


def _get(client: http.client.HTTPConnection, path: str) -> dict[str, dict[str, int]]:
    client.request("GET", f"/api/v1{path}")
    response = client.getresponse()
    body = json.loads(response.read())
    assert response.status == 200, body
    found: dict[str, dict[str, int]] = body
    return found


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(
    spans: int,
    sent: dict[str, float],
    times: dict[str, list[float]],
    status: dict[str, dict[str, int]],
    cpu: float,
    pid: int,
) -> None:
    """What was sent, what arrived, and how long queries took meanwhile."""
    with open(f"/proc/{pid}/status") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    seconds = sent["seconds"]
    print(
        f"{spans:,} spans and as many log lines in {seconds:.1f} s: {spans / seconds:,.0f} spans/s;"
    )
    print(f"{status['received']['spans']:,} spans stored, {sent['refused']:.0f} requests refused,")
    print(f"sender at most {sent['late']:.2f} s late; lens: {cpu / seconds:.2f} cores, ", end="")
    print(f"peak memory {peak >> 10} MB\n")
    print("| query meanwhile | asked | p50 ms | p95 ms | max ms |\n|---|--:|--:|--:|--:|")
    for path, found in times.items():
        found.sort()
        p95 = found[int(len(found) * 0.95) - 1] if len(found) > 20 else found[-1]
        numbers = (statistics.median(found), p95, found[-1])
        print(f"| `{path}` | {len(found)} | " + " | ".join(f"{n:.0f}" for n in numbers) + " |")


if __name__ == "__main__":
    main()
