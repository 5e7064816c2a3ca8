"""Drills whose fault is the endpoint's, or the way to it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos._bench import Bench, Pace, bench, live_through, result, settle
from benchmarks.chaos._reconcile import Result, Window
from benchmarks.outage._endpoint import Reply, SilentPort, accept, hang
from benchmarks.outage._service import Service, clew_variables

_TMPFS_BYTES = 256 * 1024
_SMALL_SPOOL_BYTES = 200_000
_SLOW = 2.0  # s for each answer


def outage(folder: Path, pace: Pace) -> Result:
    """Connections are refused: the endpoint is not there."""
    with bench(folder, pace.rate) as it:
        made = live_through(it, pace, lambda it: it.endpoint.close(), lambda it: it.endpoint.open())
        return result(f"outage of {pace.fault:g} s", it, made, Window())


def black_hole(folder: Path, pace: Pace) -> Result:
    """Connections are accepted and nothing is ever answered."""

    def begin(it: Bench) -> None:
        it.endpoint.answer = hang

    with bench(folder, pace.rate) as it:
        made = live_through(it, pace, begin, _well_again)
        return result("accepts, never answers", it, made, Window())


def silent_port(folder: Path, pace: Pace) -> Result:
    """Every SYN is dropped: connecting neither works nor fails."""
    silent: list[SilentPort] = []

    def begin(it: Bench) -> None:
        it.endpoint.close()
        silent.append(SilentPort(it.endpoint.port))

    def end(it: Bench) -> None:
        silent[0].close()
        it.endpoint.open()

    with bench(folder, pace.rate) as it:
        made = live_through(it, pace, begin, end)
        return result("SYN dropped", it, made, Window())


def slow(folder: Path, pace: Pace) -> Result:
    """Each answer takes seconds."""

    def begin(it: Bench) -> None:
        it.endpoint.answer = lambda number: Reply(delay=_SLOW)

    with bench(folder, pace.rate) as it:
        made = live_through(it, pace, begin, _well_again)
        return result(f"each answer takes {_SLOW:g} s", it, made, Window())


def _well_again(it: Bench) -> None:
    it.endpoint.answer = accept


def full_disk(folder: Path, pace: Pace) -> Result:
    """The spool's disk fills up while the endpoint is away: what it will not have waits in memory.

    The disk is a small tmpfs, which only root may mount.
    """
    spool = folder / "spool"
    spool.mkdir(parents=True)
    options = f"size={_TMPFS_BYTES},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "spool", str(spool)], check=True)
    fullest = 0.0

    def end(it: Bench) -> None:
        nonlocal fullest
        space = os.statvfs(spool)
        fullest = 1 - space.f_bavail / space.f_blocks
        it.endpoint.open()

    try:
        with bench(folder, pace.rate, {"OTEL_RESOURCE_ATTRIBUTES": _padding()}) as it:
            made = live_through(it, pace, lambda it: it.endpoint.close(), end)
            found = result("spool's disk full", it, made, Window(), f"disk {fullest:.0%} full")
        if fullest < 0.9:
            found.broken.append(f"the disk was not full ({fullest:.0%}): nothing was shown")
        return found
    finally:
        subprocess.run(["umount", str(spool)], check=True)


def _padding() -> str:
    """So that little load fills much disk: every parcel carries the resource."""
    return "padding=" + "x" * 2_000


def small_spool(folder: Path, pace: Pace) -> Result:
    """The spool reaches its bound: the oldest goes, and is counted."""
    variables = {
        "CLEW_SPOOL_MAX_BYTES": str(_SMALL_SPOOL_BYTES),
        "OTEL_RESOURCE_ATTRIBUTES": _padding(),
    }
    with bench(folder, pace.rate, variables) as it:
        shorter = Pace(pace.normal, pace.fault, pace.after, 20.0, pace.rate)
        made = live_through(
            it, shorter, lambda it: it.endpoint.close(), lambda it: it.endpoint.open()
        )
        found = result(
            f"spool bounded to {_SMALL_SPOOL_BYTES // 1000} kB", it, made, Window(drops=True)
        )
        if not found.dropped.get("traces spool_full"):
            found.broken.append("the bound was not reached: nothing was shown")
        return found


def sigterm(folder: Path, pace: Pace) -> Result:
    """SIGTERM while the endpoint is away: it ends in time, and its successor sends what it left."""
    with bench(folder, pace.rate) as it:
        it.load.start()
        time.sleep(pace.normal)
        it.marks.append(time.monotonic())
        it.endpoint.close()
        time.sleep(pace.fault / 2)
        made = it.load.stop()
        begun = time.monotonic()
        it.marks.append(begun)
        it.service.child.stop(signal.SIGTERM, 60.0)
        took = time.monotonic() - begun
        it.endpoint.open()
        successor = Service(folder / "next", it.endpoint.url, variables=clew_variables(folder))
        try:
            settle(it, made, pace.settle)
        finally:
            successor.child.stop(signal.SIGTERM, 30.0)
        found = result("SIGTERM, endpoint away", it, made, Window(), f"ended after {took:.1f} s")
        if took > 6.0:  # CLEW_SHUTDOWN_TIMEOUT, and what the interpreter takes
            found.broken.append(f"it took {took:.1f} s to end")
        return found


Drill = Callable[[Path, Pace], Result]
