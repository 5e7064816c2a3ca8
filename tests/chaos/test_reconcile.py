"""The arithmetic of the drills: each kind of loss, doubling and silence is seen."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from benchmarks.chaos._reconcile import Window, reconcile
from benchmarks.outage._arrived import Arrived
from benchmarks.outage._load import Made

MADE = [Made(number, number, number + 0.1, 200) for number in range(1, 11)]


def whole(**changed: Any) -> Arrived:
    """What arrived of MADE, all of it save what is `changed`."""
    numbers = Counter(one.number for one in MADE)
    found: dict[str, Any] = {
        "spans": numbers.copy(),
        "lines": numbers.copy(),
        "measured": {("a",): 4, ("b",): 6},
        "starts": {("a",): {1}, ("b",): {2}},
    }
    return Arrived(**{**found, **changed})


def without(*numbers: int) -> Counter[int]:
    return Counter(one.number for one in MADE if one.number not in numbers)


def test_nothing_is_broken_where_all_arrived() -> None:
    """Each request's span and line once, and the counter equal: no complaint."""
    assert reconcile(MADE, whole(), Window()) == []


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"spans": without(3, 7)}, "2 spans lost: requests 3, 7"),
        ({"lines": without(9)}, "1 lines lost: requests 9"),
        ({"copies": 2}, "2 spans arrived twice"),
        ({"lines": Counter({one.number: 2 for one in MADE})}, "10 lines arrived twice"),
        ({"measured": {("a",): 9}}, "the counter says 9, 10 requests were answered"),
        ({"measured": {("a",): 11}}, "the counter says 11, 10 requests were answered"),
        ({"starts": {("a",): {1, 2}}}, "1 sums began anew"),
        ({"dropped": {("a", "logs", "spool_full"): 5}}, "5 of logs counted as dropped"),
    ],
)
def test_each_break_is_named(changed: dict[str, Any], complaint: str) -> None:
    """One deviation, one complaint that says what it is."""
    assert reconcile(MADE, whole(**changed), Window()) == [complaint]


def test_a_failed_request_is_a_broken_promise() -> None:
    """Telemetry must not fail a request: one without an answer counts against the drill."""
    made = [*MADE, Made(11, 11.0, 12.0, 0)]
    assert reconcile(made, whole(), Window()) == ["1 requests failed: 11"]
    assert reconcile(made, whole(), Window(answers_may_fail=1)) == []


def test_a_window_is_no_wider_than_it_says() -> None:
    """What may be lost is told request by request; the counter by how many."""
    window = Window(may_lose=lambda made: made.number > 8, counter_may_lack=2)
    lost = whole(spans=without(9, 10), measured={("a",): 8})
    assert reconcile(MADE, lost, window) == []
    assert reconcile(MADE, whole(spans=without(8, 9)), window) == ["1 spans lost: requests 8"]
    assert reconcile(MADE, whole(measured={("a",): 7}), window) != []


def test_what_is_missing_must_have_been_counted() -> None:
    """Where drops are allowed, each missing span and line is one that the service counted."""
    window = Window(drops=True)
    counted = {("a", "traces", "spool_full"): 1, ("a", "traces", "http_400"): 1}
    assert reconcile(MADE, whole(spans=without(3, 7), dropped=counted), window) == []
    broken = reconcile(MADE, whole(spans=without(3, 7, 8), dropped=counted), window)
    assert broken == ["3 spans missing, 2 counted as dropped"]
