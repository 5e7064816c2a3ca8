"""How much of the thread pools is in use: anyio's default limiter, asyncio's default executor.

Neither can be asked from another thread, so both are looked for where they are kept. What another
release keeps elsewhere is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from clew import _names
from clew.export import _metrics as encode


class Pool(NamedTuple):
    """Threads that work, threads that there may be, and tasks that wait for one."""

    usage: int
    limit: int
    waiting: int


def pools(loops: Iterable[Any], start: int, now: int) -> list[bytes]:
    """The pools of all `loops`, added up by kind, as encoded `Metric`s."""
    found: dict[str, Pool] = {}
    for loop in loops:
        for name, pool in (("anyio", of_anyio(loop)), ("asyncio", of_asyncio(loop))):
            if pool is not None:
                before = found.get(name, Pool(0, 0, 0))
                found[name] = Pool(*map(sum, zip(before, pool, strict=True)))

    def level(name: str, about: str, unit: str, field: str) -> bytes:
        points = [
            ({_names.THREAD_POOL_NAME: kind}, getattr(pool, field)) for kind, pool in found.items()
        ]
        return encode.sum_of(name, about, unit, points, start, now, monotonic=False)

    return [
        level(_names.THREAD_POOL_USAGE, "Threads that work.", "{thread}", "usage"),
        level(_names.THREAD_POOL_LIMIT, "Threads that there may be.", "{thread}", "limit"),
        level(_names.THREAD_POOL_WAITING, "Tasks that wait for a thread.", "{task}", "waiting"),
    ]


def of_anyio(loop: Any) -> Pool | None:
    """The limiter that `anyio.to_thread.run_sync` uses, once it has been used in `loop`."""
    variables = getattr(sys.modules.get("anyio.lowlevel"), "_run_vars", {}).get(loop, {})
    for variable, limiter in list(variables.items()):
        if getattr(variable, "_name", "") == "_default_thread_limiter":
            now = limiter.statistics()
            # The limit may be infinite, which is no number of threads.
            most = now.total_tokens if now.total_tokens < 1 << 31 else 0
            return Pool(int(now.borrowed_tokens), int(most), now.tasks_waiting)
    return None


def of_asyncio(loop: Any) -> Pool | None:
    """The executor that `loop.run_in_executor(None, …)` uses, once it has been used."""
    executor: Any = getattr(loop, "_default_executor", None)
    try:
        idle = executor._idle_semaphore._value
        return Pool(
            usage=max(0, len(executor._threads) - idle),
            limit=executor._max_workers,
            waiting=executor._work_queue.qsize(),
        )
    except AttributeError:  # there is none, or it is no ThreadPoolExecutor
        return None
