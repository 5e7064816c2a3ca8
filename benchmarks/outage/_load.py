"""Requests at a steady rate, whatever the answers take; each with a number of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_TIMEOUT = 30.0  # s
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Made:
    """One request. Times are of `time.monotonic`; `status` is 0 where no answer came."""

    number: int
    began: float
    ended: float
    status: int
    body: bytes = b""


class Load:
    """Sends GET /items/1, /items/2, … to a port of the loopback, from `start` to `stop`."""

    def __init__(self, port: int, rate: float) -> None:
        """`rate` is requests a second."""
        self.made: list[Made] = []
        self._port = port
        self._rate = rate
        self._idle: deque[_Connection] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> Load:
        self._thread.start()
        return self

    def stop(self) -> list[Made]:
        """No further requests; those under way are waited for. All that were made, in order."""
        self._stopping.set()
        self._thread.join()
        return sorted(self.made, key=lambda one: one.number)

    async def _run(self) -> None:
        begun = time.monotonic()
        tasks: set[asyncio.Task[None]] = set()
        number = 0
        while not self._stopping.is_set():
            number += 1
            task = asyncio.create_task(self._one(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(max(0.0, begun + number / self._rate - time.monotonic()))
        if tasks:
            await asyncio.wait(tasks)
        for _, writer in self._idle:
            writer.close()

    async def _one(self, number: int) -> None:
        began = time.monotonic()
        status, body = 0, b""
        try:
            status, body = await asyncio.wait_for(self._ask(number), _TIMEOUT)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError):
            pass
        self.made.append(Made(number, began, time.monotonic(), status, body))

    async def _ask(self, number: int) -> tuple[int, bytes]:
        reader, writer = await self._connection()
        _acknowledge_at_once(writer)
        try:
            writer.write(f"GET /items/{number} HTTP/1.1\r\nHost: items\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, _, rest = head.partition(b"content-length:")
            body = await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
        except BaseException:
            writer.close()
            raise
        self._idle.append((reader, writer))
        return int(head.split(b" ", 2)[1]), body

    async def _connection(self) -> _Connection:
        while self._idle:
            reader, writer = self._idle.popleft()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)


def _acknowledge_at_once(writer: asyncio.StreamWriter) -> None:
    """uvicorn's workers write head and body apart, and Nagle's algorithm holds the body back until
    the head is acknowledged: up to 40 ms, which are not telemetry's."""
    option = getattr(socket, "TCP_QUICKACK", None)  # Linux; valid until the next acknowledgement
    if option is not None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, option, 1)


@dataclass(frozen=True)
class Latency:
    """Of answered requests, in milliseconds."""

    p50: float
    p99: float
    count: int


def latency(made: Iterable[Made]) -> Latency:
    """The latency of those that were answered; zeros for none."""
    took = sorted((one.ended - one.began) * 1_000 for one in made if one.status)
    return Latency(_quantile(took, 50), _quantile(took, 99), len(took))


def between(made: Iterable[Made], begin: float, end: float) -> list[Made]:
    """Those that began in [begin, end)."""
    return [one for one in made if begin <= one.began < end]


def _quantile(took: Sequence[float], percent: int) -> float:
    return took[min(len(took) - 1, len(took) * percent // 100)] if took else 0.0
