"""The path of a request may not grow: operations, not time, are counted."""

from __future__ import annotations

import pytest

from benchmarks.path import _cost
from benchmarks.path._cases import CASES
from benchmarks.path._operations import Operations


@pytest.mark.parametrize("case", CASES)
def test_no_more_operations_than_committed(case: str) -> None:
    """A request through clew takes at most 10% more operations than the committed figure."""
    figure = _cost.committed().get(case)
    if figure is None:
        pytest.skip(f"no figure for Python {_cost.this_python()}: {_cost.RENEW}")
    cost = _cost.measure(case, "operations")
    for part, now in (("request", cost.request), ("export", cost.export)):
        most = figure[part] * (1 + _cost.ALLOWED_GROWTH)
        assert now <= most, (
            f"{case}, {part}: {now} operations a request, {figure[part]} are committed. If what "
            f"they buy is worth it, renew the figures: {_cost.RENEW}"
        )


def test_the_count_is_the_same_each_time() -> None:
    """Two processes count the same, or 10% would mean nothing.

    The request exactly; the export but for a few steps of waking the sending thread, which may be
    waiting or not.
    """
    one, other = (_cost.measure("asgi_line", "operations") for _ in range(2))
    assert (one.bare, one.request) == (other.bare, other.request)
    assert one.export == pytest.approx(other.export, abs=1)


def test_more_work_counts_more() -> None:
    """Each further round of a loop, and each call of a function in C, adds to the count."""

    def work(rounds: int) -> None:
        for _ in range(rounds):
            len("")

    totals = []
    for rounds in (1, 2, 3):
        with Operations() as counted:
            work(rounds)
        totals.append(counted.total)
    first, second, third = totals
    assert first < second < third
    assert second - first == third - second


def test_a_case_that_fails_says_why() -> None:
    """The message holds what the measuring process printed."""
    with pytest.raises(RuntimeError, match="KeyError: 'no such case'"):
        _cost.measure("no such case", "operations")
