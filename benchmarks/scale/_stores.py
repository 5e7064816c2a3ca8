"""The whole pipeline on loopback: CPU time of each program, and bytes on disk, for each item."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos._stack import PARTS, Stack
from benchmarks.overhead._usage import cpu_seconds, resident_bytes, settle
from benchmarks.scale._payload import Recorded, again
from benchmarks.scale._send import send_all

# What of its folder a store keeps; and where each signal ends.
_FOLDERS = {"traces": "jaeger", "logs": "loki", "metrics": "prometheus"}


@dataclass(frozen=True)
class Stored:
    """What a million items of one signal cost behind the gateway."""

    signal: str
    items: int
    store: str
    store_cpu_s: float
    gateway_cpu_s: float
    disk_bytes: float  # of one item
    resident_mib: float


def measure(
    stack: Stack, folder: Path, recorded: dict[str, Recorded], items: int
) -> Iterator[Stored]:
    """Send `items` of each signal through the gateway into its store, signal by signal."""
    for signal, each in recorded.items():
        store = _FOLDERS[signal]
        pids = {name: [stack.pid(name)] for name in PARTS}
        everyone = [pid for found in pids.values() for pid in found]
        bodies = [again(each, f"i-{number}") for number in range(max(1, items // each.items))]
        settle(everyone, most=10.0, look=2.0)
        before = {name: cpu_seconds(found) for name, found in pids.items()}
        held = disk_bytes(folder / "data" / store)
        send_all(stack.endpoint, signal, bodies)
        settle(everyone, most=30.0, look=3.0)
        if signal == "logs":
            _flush_loki(stack)
            settle(everyone, most=30.0, look=3.0)
        sent = each.items * len(bodies)
        yield Stored(
            signal,
            sent,
            store,
            (cpu_seconds(pids[store]) - before[store]) / sent * 1e6,
            (cpu_seconds(pids["collector"]) - before["collector"]) / sent * 1e6,
            (disk_bytes(folder / "data" / store) - held) / sent,
            resident_bytes(pids[store]) / 2**20,
        )


def _flush_loki(stack: Stack) -> None:
    """Have Loki write its chunks now: by itself it waits up to half an hour."""
    request = urllib.request.Request(f"{stack.url('CLEW_LOKI_PORT')}/flush", b"", method="POST")
    with urllib.request.urlopen(request, timeout=60):
        pass


def series(stack: Stack) -> int:
    """How many series Prometheus has in memory."""
    url = f"{stack.url('CLEW_PROMETHEUS_PORT')}/api/v1/status/tsdb"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return int(json.load(answer)["data"]["headStats"]["numSeries"])


def disk_bytes(folder: Path) -> int:
    """Bytes that the files below a folder take on the disk: blocks, since stores leave holes."""
    total = 0
    for file in folder.rglob("*"):
        try:
            if file.is_file():
                total += file.stat().st_blocks * 512
        except FileNotFoundError:  # compacted meanwhile
            pass
    return total
