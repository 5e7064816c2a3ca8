"""The load generator that stands in for wrk."""

from __future__ import annotations

import asyncio

from benchmarks.overhead._load import Generator
from benchmarks.overhead.apps.neighbour import Neighbour
from benchmarks.overhead.generator import load


async def loaded(answer: type[asyncio.Protocol]) -> dict[str, float]:
    server = await asyncio.get_running_loop().create_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        return await load(f"http://127.0.0.1:{port}/users/1", connections=2, seconds=0.05)
    finally:
        server.close()


class _Refusing(Neighbour):
    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")


def test_answers_are_counted() -> None:
    """Every answer counts once, and none of a working server is an error."""
    found = asyncio.run(loaded(Neighbour))
    assert found["requests"] > 0
    assert found["errors"] == 0


def test_refusals_are_errors() -> None:
    """An answer other than 200 is an error, so that the round is void."""
    found = asyncio.run(loaded(_Refusing))
    assert found["errors"] == found["requests"] > 0


def test_the_stand_in_is_flagged() -> None:
    """Results of the stand-in are told apart from wrk's."""
    assert "wrk" in str(Generator(16, wrk="/usr/bin/wrk"))
    stand_in = Generator(16, wrk="")
    assert stand_in.bundled
    assert str(stand_in).startswith("BUNDLED GENERATOR")
