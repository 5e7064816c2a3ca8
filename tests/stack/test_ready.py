"""Waiting: readiness, a death on the way, and a deadline, all on a scripted clock."""

import pytest

from stack._errors import ComponentFailed
from stack._ready import Starting, wait_until_ready
from tests.stack.fakes import ScriptedClock


def starting(name: str, exits: "list[int | None] | None" = None) -> Starting:
    """A component whose exit code follows the list, and is None after it."""
    script = iter(exits or [])
    return Starting(name, f"http://{name}", lambda: next(script, None), lambda: f"{name} said so")


def test_waiting_ends_when_all_are_ready() -> None:
    """Each component is reported once, when it first answers."""
    answers = {"http://a": iter([False, True]), "http://b": iter([True])}
    ready: list[str] = []
    wait_until_ready(
        {"a": starting("a"), "b": starting("b")},
        timeout=10,
        clock=ScriptedClock(),
        probe=lambda url: next(answers[url]),
        on_ready=ready.append,
    )
    assert ready == ["b", "a"]


def test_a_death_on_the_way_ends_the_wait_with_its_last_words() -> None:
    """The error names the component, its exit code and the end of its log."""
    with pytest.raises(
        ComponentFailed, match="(?s)a ended while it started, with exit code 3.*a said so"
    ):
        wait_until_ready(
            {"a": starting("a", [None, None, 3])},
            timeout=10,
            clock=ScriptedClock(),
            probe=lambda _: False,
            on_ready=lambda _: None,
        )


def test_a_signal_is_told_as_one() -> None:
    """A component that was killed says by which signal."""
    with pytest.raises(ComponentFailed, match="with signal 9"):
        wait_until_ready(
            {"a": starting("a", [-9])}, 10, ScriptedClock(), lambda _: False, lambda _: None
        )


def test_the_deadline_names_only_who_is_late() -> None:
    """After the timeout the error lists who is not ready, and how to give more time."""
    clock = ScriptedClock()
    with pytest.raises(ComponentFailed) as caught:
        wait_until_ready(
            {"a": starting("a"), "b": starting("b")},
            timeout=5,
            clock=clock,
            probe=lambda url: url == "http://b",
            on_ready=lambda _: None,
        )
    said = str(caught.value)
    assert "a does not answer at http://a" in said
    assert "b does not" not in said
    assert "CLEW_STACK_TIMEOUT" in said
    assert clock.time == pytest.approx(1005, abs=0.2)
