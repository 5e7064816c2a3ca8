"""What a process and its children have used: CPU time and memory. Linux only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """`pid` and all of its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found.extend(family(int(child)))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """CPU time of these processes so far, all threads, user and system, living and ended."""
    return sum(_cpu_seconds(pid) for pid in pids)


def _cpu_seconds(pid: int) -> float:
    try:
        # The process's own CPU clock, in ns: clock_getcpuclockid(3) makes its id like this.
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        # /proc/PID/stat, fields 14 and 15, in ticks of usually 10 ms. Field 2 may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_bytes(pids: list[int]) -> int:
    """Resident memory of these processes."""
    return sum(_resident_bytes(pid) for pid in pids)


def _resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def settle(
    pids: list[int],
    most: float = 6.0,
    quiet: float = 0.05,
    look: float = 0.25,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until these processes use less than `quiet` of a core over `look` s; at most `most` s.

    So that what a request left to be done later (encoding, sending) falls into its own window.
    """
    deadline = clock() + most
    while clock() < deadline:
        before = cpu_seconds(pids)
        sleep(look)
        if cpu_seconds(pids) - before < quiet * look:
            return
