"""An OTLP/HTTP endpoint in this process that can go away, hang, dawdle and answer anything."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
# Longer than anything waits for an answer.
_NEVER = 3_600.0
_READ_LIMIT = 1 << 20


@dataclass(frozen=True)
class Reply:
    """What a request is answered with, `delay` seconds later.

    `keep`: whether the endpoint took it, as far as the sender may believe; None: as the status
    says. `raw` is sent in place of an HTTP response, and the connection closed after it.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    keep: bool | None = None
    raw: bytes | None = None

    @property
    def kept(self) -> bool:
        return 200 <= self.status < 300 if self.keep is None else self.keep


def accept(number: int) -> Reply:
    """The answer of an endpoint that is well."""
    return Reply()


def hang(number: int) -> Reply:
    """No answer at all."""
    return Reply(delay=_NEVER, keep=False)


@dataclass(frozen=True)
class Request:
    """One request that the endpoint took. `signal` is traces, metrics or logs."""

    signal: str
    encoding: str
    body: bytes


class Endpoint:
    """Listens on a port of the loopback from `open` to `close`, as often as one likes.

    `answer` is asked for each request, with the request's number, and may be set at any time.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.answer: Callable[[int], Reply] = accept
        self.kept: list[Request] = []
        self.requests = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> Endpoint:
        """Listen."""
        self._await(self._open())
        return self

    def close(self) -> None:
        """Stop listening, and cut every connection: whoever connects is refused."""
        self._await(self._close())

    def end(self) -> None:
        """Close for good."""
        self.close()
        self._await(self._let_go())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, reuse_address=True, limit=_READ_LIMIT
        )

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._connections):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _let_go(self) -> None:
        """End the exchanges whose answer is not to come."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError):
            pass  # a client that went away, or was cut off
        except asyncio.CancelledError:
            pass  # an answer that is not to come
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests += 1
        reply = self.answer(self.requests)
        if reply.kept:
            signal = head[0].split(" ")[1].rpartition("/")[2]
            self.kept.append(Request(signal, headers.get("content-encoding", ""), body))
        await asyncio.sleep(reply.delay)
        writer.write(reply.raw if reply.raw is not None else _response(reply))
        await writer.drain()
        return reply.raw is None


def _response(reply: Reply) -> bytes:
    headers = {"Content-Length": str(len(reply.body)), **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} Said", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + reply.body


class SilentPort:
    """A port that drops every SYN, as a firewall does: connecting neither works nor fails.

    Linux does that for a listener whose queue of unaccepted connections is full.
    """

    def __init__(self, port: int) -> None:
        self._sockets = [socket.socket()]
        listener = self._sockets[0]
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            self._sockets.append(one)

    def close(self) -> None:
        for one in self._sockets:
            one.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
