"""The process as the operating system sees it, from the standard library and Linux's /proc.

Names and units: OpenTelemetry's process metrics. What a system does not tell is left out.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from clew import _names
from clew.export import _metrics as encode

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# Fields of /proc/self/stat after the command's name (proc(5): the third is the first here).
_THREADS, _BEGAN = 17, 19
_Points = list[tuple[dict[str, Any], float]]


class ProcessNumbers:
    """Reads this process's numbers; `proc` is where /proc is."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
        self._ticks = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100

    def metrics(self, start: int, now: int) -> list[bytes]:
        """Encoded `Metric`s; `start` and `now` are ns since the epoch."""
        stat = self._stat()
        resident, virtual = self._memory()
        files, most = self._files()

        def counter(name: str, about: str, unit: str, points: _Points) -> bytes:
            return encode.sum_of(name, about, unit, points, start, now, monotonic=True)

        def level(name: str, about: str, unit: str, value: int | None) -> bytes:
            points: _Points = [] if value is None else [({}, value)]
            return encode.sum_of(name, about, unit, points, start, now, monotonic=False)

        # fmt: off
        return [
            counter(_names.PROCESS_CPU_TIME, "CPU seconds used.", "s", _cpu()),
            level(_names.PROCESS_MEMORY_USAGE, "Physical memory in use.", "By", resident),
            level(_names.PROCESS_MEMORY_VIRTUAL, "Committed virtual memory.", "By", virtual),
            level(_names.PROCESS_THREAD_COUNT, "Threads.", "{thread}",
                  int(stat[_THREADS]) if stat else None),
            level(_names.PROCESS_FILE_DESCRIPTORS, "Open file descriptors.",
                  "{file_descriptor}", files),
            level(_names.PROCESS_FILE_DESCRIPTOR_LIMIT, "File descriptors that may be open.",
                  "{file_descriptor}", most),
            counter(_names.PROCESS_CONTEXT_SWITCHES, "Context switches.", "{context_switch}",
                    _switches()),
            encode.gauge(_names.PROCESS_UPTIME, "Time since the process began.", "s",
                         self._uptime(stat), now),
        ]
        # fmt: on

    def _stat(self) -> list[str]:
        try:
            text = (self._proc / "self" / "stat").read_text()
        except OSError:
            return []
        # The name of the command, in parentheses, may hold anything.
        return text.rpartition(")")[2].split()

    def _memory(self) -> tuple[int | None, int | None]:
        """(resident, virtual) bytes."""
        try:
            pages = (self._proc / "self" / "statm").read_text().split()
        except OSError:
            return None, None
        return int(pages[1]) * self._page, int(pages[0]) * self._page

    def _files(self) -> tuple[int | None, int | None]:
        """(open, the most that may be); the latter None where there is no limit."""
        try:
            # The listing is a file too.
            count = len(os.listdir(self._proc / "self" / "fd")) - 1
        except OSError:
            return None, None
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return count, most if most != resource.RLIM_INFINITY else None

    def _uptime(self, stat: list[str]) -> _Points:
        if not stat or not hasattr(time, "CLOCK_BOOTTIME"):
            return []
        return [({}, time.clock_gettime(time.CLOCK_BOOTTIME) - int(stat[_BEGAN]) / self._ticks)]


def _cpu() -> _Points:
    times = os.times()
    return [({_names.CPU_MODE: "user"}, times.user), ({_names.CPU_MODE: "system"}, times.system)]


def _switches() -> _Points:
    if resource is None:
        return []
    used = resource.getrusage(resource.RUSAGE_SELF)
    kind = _names.CONTEXT_SWITCH_TYPE
    return [({kind: "voluntary"}, used.ru_nvcsw), ({kind: "involuntary"}, used.ru_nivcsw)]
