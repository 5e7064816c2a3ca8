"""The gate between forks and clew's threads: a fork waits for a step, but not for ever."""

from __future__ import annotations

import threading

from clew._fork_gate import ForkGate

LONG = 20.0


def _step(gate: ForkGate, begun: threading.Event, end: threading.Event) -> None:
    with gate:
        begun.set()
        end.wait(LONG)


def test_fork_waits_for_a_step() -> None:
    """A fork begins only when the step under way is done."""
    gate, begun, end = ForkGate(patience=LONG), threading.Event(), threading.Event()
    forked = threading.Event()

    def fork() -> None:
        gate.before()
        forked.set()
        gate.after_in_parent()

    step = threading.Thread(target=_step, args=(gate, begun, end))
    step.start()
    assert begun.wait(LONG)
    fork_thread = threading.Thread(target=fork)
    fork_thread.start()
    assert not forked.wait(0.05)
    end.set()
    assert forked.wait(LONG)
    step.join()
    fork_thread.join()


def test_fork_does_not_wait_for_ever() -> None:
    """A step that hangs delays a fork by its patience only, and the parent goes on as before."""
    gate, begun, end = ForkGate(patience=0.01), threading.Event(), threading.Event()
    step = threading.Thread(target=_step, args=(gate, begun, end))
    step.start()
    assert begun.wait(LONG)
    gate.before()
    gate.after_in_parent()
    end.set()
    step.join()
    with gate:
        pass


def test_child_begins_with_an_open_gate() -> None:
    """In the child no thread is left that could open it, so it is a new one."""
    gate, entered = ForkGate(), threading.Event()
    gate.before()
    gate.after_in_child()

    def enter() -> None:
        with gate:
            entered.set()

    threading.Thread(target=enter, daemon=True).start()
    assert entered.wait(LONG)


def test_steps_within_steps() -> None:
    """A thread may fork within its own step, and take a step within another."""
    gate = ForkGate()
    with gate, gate:
        gate.before()
        gate.after_in_parent()
