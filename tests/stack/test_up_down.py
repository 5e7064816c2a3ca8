"""`up` and `down` with real processes: small servers that stand in for the backends."""

import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from stack._clock import SystemClock
from stack._components import Component
from stack._down import down, wipe
from stack._errors import ComponentFailed, PortTaken, StackError
from stack._process import identity, stop
from stack._state import Record, State
from stack._up import Start, up
from tests.stack.fakes import DIES, SERVER, recorded

Make = Callable[..., Component]


@dataclass
class Bench:
    """A stack in a temporary folder, and what it told."""

    start: Start
    state: State
    told: Callable[[], str]
    component: Make

    def down(self, *names: str) -> None:
        """Stop the named components."""
        down(names, self.state, SystemClock(), recorded()[0])

    def pid(self, name: str) -> int:
        """Return the recorded pid."""
        return self.state.records()[name].pid


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench whose processes are all ended afterwards."""
    state = State(tmp_path / "stack", SystemClock())
    progress, stream = recorded()

    def component(name: str, program: str = SERVER) -> Component:
        port = free_port()
        return Component(
            name=name,
            binary="python",
            arguments=("-c", program, str(port)),
            environment={},
            ready_url=f"http://127.0.0.1:{port}/ready",
            ports={"HTTP": port},
            data_dir=tmp_path / "stack/data" / name,
        )

    start = Start(
        state=state,
        clock=SystemClock(),
        progress=progress,
        obtain=lambda _: Path(sys.executable),
        check_ports=lambda _: None,
        timeout=30,
    )
    yield Bench(start, state, stream.getvalue, component)
    for record in state.records().values():
        stop(record.pid, record.identity, grace=5, clock=SystemClock())


def test_up_starts_everything_and_records_it(bench: Bench) -> None:
    """Afterwards each component runs, is recorded with its ports, and was told to be ready."""
    first, second = bench.component("first"), bench.component("second")
    up([first, second], bench.start)
    records = bench.state.records()
    assert {name: record.runs for name, record in records.items()} == {
        "first": True,
        "second": True,
    }
    assert records["first"].ports == first.ports
    assert "first is ready" in bench.told()
    assert "second is ready" in bench.told()


def test_up_again_changes_nothing_and_says_so(bench: Bench) -> None:
    """A second `up` leaves the processes alone."""
    component = bench.component("first")
    up([component], bench.start)
    pid = bench.pid("first")
    up([component], bench.start)
    assert bench.pid("first") == pid
    assert "already up: first" in bench.told()


def test_up_starts_only_what_is_missing(bench: Bench) -> None:
    """A component that was stopped comes back; the others stay."""
    first, second = bench.component("first"), bench.component("second")
    up([first, second], bench.start)
    kept, stopped = bench.pid("first"), bench.pid("second")
    bench.down("second")
    up([first, second], bench.start)
    assert bench.pid("first") == kept
    assert bench.pid("second") != stopped


def test_a_component_that_died_since_is_started_again(bench: Bench) -> None:
    """A record of a process that is gone does not count as up."""
    component = bench.component("first")
    up([component], bench.start)
    record = bench.state.records()["first"]
    stop(record.pid, record.identity, grace=5, clock=SystemClock())
    up([component], bench.start)
    assert bench.state.records()["first"].runs


def test_a_death_while_starting_stops_the_others(bench: Bench) -> None:
    """The error carries the last lines of the log, and nothing is left running or recorded."""
    with pytest.raises(ComponentFailed, match="(?s)second ended.*cannot open the ledger"):
        up([bench.component("first"), bench.component("second", DIES)], bench.start)
    assert bench.state.records() == {}
    assert "stopping what was started" in bench.told()


def test_a_failed_up_leaves_alone_what_was_up_before(bench: Bench) -> None:
    """Only what this `up` started is stopped."""
    first = bench.component("first")
    up([first], bench.start)
    with pytest.raises(ComponentFailed):
        up([first, bench.component("second", DIES)], bench.start)
    assert bench.state.records()["first"].runs


def test_an_interrupt_while_waiting_stops_what_was_started(bench: Bench) -> None:
    """Ctrl-C leaves no half of a stack behind."""
    pids: list[int] = []
    never = replace(bench.component("never"), ready_url="http://127.0.0.1:1/")

    class Watched(State):
        """A state that notes whom it records."""

        def write(self, record: Record) -> None:
            pids.append(record.pid)
            super().write(record)

    state = Watched(bench.state.folder, SystemClock())
    with pytest.raises(KeyboardInterrupt):
        up([never], replace(bench.start, state=state, clock=_ImpatientOnce()))
    assert [identity(pid) for pid in pids] == [None]


class _ImpatientOnce(SystemClock):
    """A clock that is interrupted at its first sleep."""

    def __init__(self) -> None:
        self._interrupted = False

    def sleep(self, seconds: float) -> None:
        if not self._interrupted:
            self._interrupted = True
            raise KeyboardInterrupt
        super().sleep(seconds)


def test_a_taken_port_is_found_before_anything_is_obtained_or_started(bench: Bench) -> None:
    """Nobody waits for a build to learn of a taken port."""
    obtained: list[str] = []

    def taken(_: Sequence[str]) -> None:
        raise PortTaken("port 1 is taken")

    def obtain(name: str) -> Path:
        obtained.append(name)
        return Path(sys.executable)

    with pytest.raises(PortTaken):
        up([bench.component("first")], replace(bench.start, check_ports=taken, obtain=obtain))
    assert obtained == []
    assert bench.state.records() == {}


def test_other_ports_than_the_running_ones_are_refused(bench: Bench) -> None:
    """Settings that changed under a running component are an error, not silently ignored."""
    component = bench.component("first")
    up([component], bench.start)
    with pytest.raises(StackError, match="up on other ports"):
        up([replace(component, ports={"HTTP": 1})], bench.start)


def test_down_ends_only_what_it_is_told_to(bench: Bench) -> None:
    """The named component ends and is forgotten; the other runs on."""
    up([bench.component("first"), bench.component("second")], bench.start)
    gone = bench.pid("second")
    bench.down("second")
    assert identity(gone) is None
    assert list(bench.state.records()) == ["first"]
    assert bench.state.records()["first"].runs


def test_down_leaves_a_process_alone_that_got_the_number_later(bench: Bench) -> None:
    """A recycled pid is forgotten, not killed."""
    up([bench.component("first")], bench.start)
    record = bench.state.records()["first"]
    bench.state.write(replace(record, identity="an earlier process"))
    bench.down("first")
    assert identity(record.pid) == record.identity
    assert bench.state.records() == {}
    stop(record.pid, record.identity, grace=5, clock=SystemClock())


def test_wiping_is_refused_while_something_runs(bench: Bench) -> None:
    """Data is not pulled from under a running program."""
    up([bench.component("first")], bench.start)
    with pytest.raises(StackError, match="first still runs"):
        wipe(bench.state, recorded()[0])
    bench.down("first")
    wipe(bench.state, recorded()[0])
    assert not (bench.state.folder / "data").exists()


def test_the_log_of_the_run_before_is_kept(bench: Bench) -> None:
    """A restart does not hide what the component said before."""
    component = bench.component("first")
    up([component], bench.start)
    bench.down("first")
    up([component], bench.start)
    log = bench.state.log("first")
    assert log.exists()
    assert log.with_name("first.log.1").exists()
