"""Processes: telling one from a later one with the same number, and ending it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack._clock import SystemClock
from stack._process import identity, launch, stop
from tests.stack.fakes import STUBBORN
from tests.stack.waiting import eventually

Launch = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Launch]:
    """Start Python on a text; what still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(text: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", text]
        started.append(launch(command, dict(os.environ), tmp_path, tmp_path / "log"))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_running_process_has_one_identity_that_no_other_has(run: Launch) -> None:
    """Asked twice it is the same; another process has another."""
    first, second = run("import time; time.sleep(60)"), os.getpid()
    assert identity(first.pid) is not None
    assert identity(first.pid) == identity(first.pid)
    assert identity(first.pid) != identity(second)


def test_an_ended_child_has_none_even_before_it_is_reaped(run: Launch) -> None:
    """A process that has ended does not count as running while its parent has not asked for it."""
    process = run("pass")
    eventually(lambda: identity(process.pid) is None)
    assert process.poll() == 0


def test_stopping_asks_first(run: Launch) -> None:
    """A process that heeds SIGTERM is stopped, not killed."""
    process = run("import time; time.sleep(60)")
    known = identity(process.pid)
    assert known is not None
    assert stop(process.pid, known, grace=20, clock=SystemClock()) == "stopped"
    assert identity(process.pid) is None


def test_a_process_that_will_not_end_is_killed(run: Launch, tmp_path: Path) -> None:
    """After the grace a process that ignores SIGTERM is gone all the same."""
    process = run(STUBBORN)
    eventually(lambda: "ready" in (tmp_path / "log").read_text())
    known = identity(process.pid)
    assert known is not None
    assert stop(process.pid, known, grace=0.2, clock=SystemClock()) == "killed"
    assert identity(process.pid) is None


def test_a_process_that_only_has_the_number_is_left_alone(run: Launch) -> None:
    """A number that another process got meanwhile is not signalled."""
    process = run("import time; time.sleep(60)")
    assert stop(process.pid, "another boot/123", grace=1, clock=SystemClock()) == "gone"
    assert process.poll() is None


def test_children_of_a_stopped_process_end_with_it(run: Launch, tmp_path: Path) -> None:
    """The whole group is signalled, so that no helper process is left behind."""
    process = run(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(f'child {child.pid} end', flush=True)\n"
        "time.sleep(60)\n"
    )
    eventually(lambda: "end" in (tmp_path / "log").read_text())
    child = int((tmp_path / "log").read_text().split()[1])
    known = identity(process.pid)
    assert known is not None
    stop(process.pid, known, grace=20, clock=SystemClock())
    eventually(lambda: identity(child) is None)
