"""Calls to others: retried, given up, and not tried while the other is down."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from demo_services.shared import telemetry
from demo_services.shared.downstream import Downstream, Unavailable
from tests.demo_services.conftest import IMPATIENT
from tests.e2e.wait import wait_until


class Unwell(Exception):
    """What the other's failures look like here."""


class Other:
    """Fails `failing` times, then answers."""

    def __init__(self, failing: int) -> None:
        self.failing = failing
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failing:
            raise Unwell
        return "answer"


Told = list[tuple[str, ...]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What was told to telemetry."""
    told: Told = []

    def note(name: str) -> object:
        return lambda *args: told.append((name, *map(str, args)))

    for name in ("retried", "breaker_changed", "breaker_rejected"):
        monkeypatch.setattr(telemetry, name, note(name))
    yield told


def downstream() -> Downstream:
    return Downstream("other", IMPATIENT, (Unwell,))


def test_a_failed_call_is_tried_again(told: Told) -> None:
    """The second answer counts; that it took two is told."""
    other = Other(failing=1)
    assert downstream().call(other) == "answer"
    assert other.calls == 2
    assert told == [("retried", "other", "1", "Unwell")]


def test_what_must_not_be_done_twice_is_not(told: Told) -> None:
    """`attempts=1` means one."""
    other = Other(failing=1)
    with pytest.raises(Unavailable, match="the other service failed"):
        downstream().call(other, attempts=1)
    assert other.calls == 1
    assert told == []


def test_a_mistake_of_our_own_is_no_failure_of_the_other(told: Told) -> None:
    """It is neither retried nor held against the other."""
    asked = downstream()

    def wrong() -> None:
        raise KeyError("ours")

    for _ in range(5):
        with pytest.raises(KeyError):
            asked.call(wrong)
    assert asked.call(Other(failing=0)) == "answer"
    assert told == []


def test_a_breaker_opens_half_opens_and_closes(told: Told) -> None:
    """While it is open nothing reaches the other; afterwards one call tells how it is."""
    asked, other = downstream(), Other(failing=4)
    for _ in range(2):
        with pytest.raises(Unavailable):
            asked.call(other)
    assert other.calls == 3  # the third failure opened it
    with pytest.raises(Unavailable, match="is not asked for now"):
        asked.call(other)
    assert other.calls == 3

    def changes() -> list[tuple[str, ...]]:
        return [each[2:] for each in told if each[0] == "breaker_changed"]

    def called() -> bool:
        try:
            return asked.call(other) == "answer"
        except Unavailable:
            return False

    wait_until(called, "the breaker to let a call through", 10)
    assert other.calls == 5
    assert changes() == [
        ("closed", "open"),
        ("open", "half-open"),
        ("half-open", "open"),
        ("open", "half-open"),
        ("half-open", "closed"),
    ]
    assert ("breaker_rejected", "other") in told


def test_a_slow_call_keeps_no_other_waiting() -> None:
    """Two calls to one service run side by side."""
    asked, both = downstream(), threading.Barrier(2)

    def meet() -> str:
        both.wait(10)
        return "met"

    met: list[str] = []
    threads = [threading.Thread(target=lambda: met.append(asked.call(meet))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == ["met", "met"]
