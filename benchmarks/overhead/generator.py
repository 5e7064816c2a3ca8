"""A load generator in Python, for where wrk is not installed. Weaker than wrk: results say so.

python -m benchmarks.overhead.generator URL CONNECTIONS SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit


class _Connection:
    """Asks, awaits the answer, asks again."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._host, self._port = host, port
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
        self.latencies: list[float] = []  # s
        self.errors = 0

    async def run(self, end: float) -> None:
        """Until `end`, of the monotonic clock."""
        while time.monotonic() < end:
            try:
                await self._until_closed(end)
            except (OSError, EOFError, ValueError):
                self.errors += 1

    async def _until_closed(self, end: float) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            keep = True
            while keep and time.monotonic() < end:
                begun = time.perf_counter()
                writer.write(self._request)
                keep = await self._answer(reader)
                self.latencies.append(time.perf_counter() - begun)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bool:
        """Read one answer; False if the server closes the connection after it."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            self.errors += 1
        _, found, rest = head.partition(b"content-length:")
        if not found:
            raise ValueError("an answer without Content-Length")
        await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
        return b"connection: close" not in head


async def load(url: str, connections: int, seconds: float) -> dict[str, float]:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    all_of_them = [_Connection(parts.hostname, parts.port, parts.path) for _ in range(connections)]
    begun = time.monotonic()
    await asyncio.gather(*(one.run(begun + seconds) for one in all_of_them))
    latencies = sorted(latency for one in all_of_them for latency in one.latencies)
    return {
        "requests": len(latencies),
        "seconds": time.monotonic() - begun,
        "p50_us": latencies[len(latencies) // 2] * 1e6 if latencies else 0.0,
        "p99_us": latencies[len(latencies) * 99 // 100] * 1e6 if latencies else 0.0,
        "errors": sum(one.errors for one in all_of_them),
    }


if __name__ == "__main__":
    answer = asyncio.run(load(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
    print(json.dumps(answer))
