"""Faults are off until somebody switches them on, over HTTP, on this machine alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
import requests

from demo_services.shared import admin
from demo_services.shared.faults import KNOWN, FaultError, Faults


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def board(faults: Faults) -> Iterator[str]:
    """The address of a switchboard."""
    server = admin.serve(0, faults)
    yield f"http://127.0.0.1:{server.server_port}/faults"
    server.shutdown()
    server.server_close()


def test_all_are_off_at_first(board: str, faults: Faults) -> None:
    """The board lists every fault, and what its level means."""
    shown = requests.get(board, timeout=5).json()
    assert shown == {name: {"level": 0, "of": fault.level} for name, fault in KNOWN.items()}
    faults.strike()  # nothing happens


def test_a_fault_is_switched_on_and_off(board: str, faults: Faults) -> None:
    """The level holds until it is taken back."""
    assert requests.put(f"{board}/errors", json={"level": 1}, timeout=5).json() == {"errors": 1}
    with pytest.raises(FaultError):
        faults.strike()
    assert requests.delete(f"{board}/errors", timeout=5).ok
    faults.strike()
    requests.put(f"{board}/latency", json={"level": 2}, timeout=5)
    assert requests.delete(board, timeout=5).json() == {"off": "all"}
    assert not any(faults.levels().values())


@pytest.mark.parametrize(
    ("fault", "body", "status", "why"),
    [
        ("latenzy", '{"level": 1}', 404, "no fault 'latenzy'"),
        ("errors", '{"level": 2}', 400, "from 0 to 1"),
        ("errors", '{"level": -1}', 400, "from 0 to 1"),
        ("errors", '{"level": NaN}', 400, "from 0 to 1"),
        ("errors", "{", 400, "a number"),
        ("errors", '{"level": "high"}', 400, "a number"),
    ],
)
def test_a_senseless_switch_is_refused(
    board: str, faults: Faults, fault: str, body: str, status: int, why: str
) -> None:
    """With the reason; nothing changes."""
    answer = requests.put(f"{board}/{fault}", data=body, timeout=5)
    assert (answer.status_code, why in answer.json()["detail"]) == (status, True)
    assert not any(faults.levels().values())


def test_a_page_from_elsewhere_switches_nothing(board: str, faults: Faults) -> None:
    """A name of somebody else's that leads here is refused."""
    headers = {"Host": "evil.example:80"}
    answer = requests.put(f"{board}/errors", json={"level": 1}, headers=headers, timeout=5)
    assert answer.status_code == 403
    assert faults.level("errors") == 0


def test_without_a_port_there_is_no_switchboard() -> None:
    """Off unless enabled; a port that is none is an error that names the variable."""
    assert admin.start({}) is None
    assert admin.start({"ADMIN_PORT": ""}) is None
    with pytest.raises(ValueError, match="ADMIN_PORT is '0'"):
        admin.start({"ADMIN_PORT": "0"})


def test_poison_is_counted_down(faults: Faults) -> None:
    """As many as the level says."""
    faults.set("poison-message", 2)
    assert [faults.take("poison-message") for _ in range(3)] == [True, True, False]


def test_a_leak_stays(faults: Faults) -> None:
    """Each request leaves so many MiB behind."""
    faults.set("memory-leak", 2)
    faults.strike()
    faults.strike()
    assert sum(map(len, faults._leaked)) == 4 * 2**20


def test_burning_takes_the_processors_time(faults: Faults) -> None:
    """At least what the level says, of this thread's own time."""
    faults.set("cpu-burn", 0.02)
    before = time.thread_time()
    faults.strike()
    assert time.thread_time() - before >= 0.02


def test_a_blocked_loop_does_nothing_else(faults: Faults) -> None:
    """Where latency lets others go on, a block does not."""

    async def others_during(name: str) -> int:
        faults.set(name, 0.05)
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        task = asyncio.create_task(other())
        await asyncio.sleep(0)
        began = turns
        if name == "latency":
            await faults.strike_in_loop()
        else:
            # The block itself comes before the first await.
            striking = faults.strike_in_loop()
            with pytest.raises(StopIteration):
                while True:
                    striking.send(None)
                    began_after_block = turns
                    assert began_after_block == began
                    raise StopIteration
            striking.close()
        faults.set(name, 0)
        during = turns - began
        task.cancel()
        return during

    assert asyncio.run(others_during("latency")) > 0
    assert asyncio.run(others_during("event-loop-block")) == 0
