"""The load generator sends what its plan says, and no more."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter

import pytest

from demo_services._visits import Answer
from demo_services.load import MAX_DURATION_S, MAX_RATE, WORKERS, Plan, run, summary


def answer(kind: str) -> Answer:
    status = {"not found": 404, "sold out": 409, "failing": 500}.get(kind, 200)
    return Answer(kind, status, 0.01, f"id-of-{kind.replace(' ', '-')}")


def test_as_many_requests_as_rate_times_duration() -> None:
    """One pause of 1/rate seconds after each."""
    pauses: list[float] = []
    answers = run(Plan(rate=20, duration_s=5), answer, random.Random(1), pauses.append)
    assert len(answers) == 100
    assert pauses == [0.05] * 100


def test_the_mix_is_as_planned() -> None:
    """Shares are kept within chance; the first visit is an order; the seed decides the rest."""
    plan = Plan(100, 100, not_found=0.2, failing=0.1)
    kinds = list(plan.kinds(random.Random(1)))
    assert kinds == list(plan.kinds(random.Random(1))) != list(plan.kinds(random.Random(2)))
    counts = Counter(kinds)
    assert kinds[0] == "order"
    assert 0.17 < counts["not found"] / len(kinds) < 0.23
    assert 0.08 < counts["failing"] / len(kinds) < 0.12


def test_a_slow_gateway_is_not_overrun() -> None:
    """Never more requests sent and unanswered than there are workers."""
    finished: list[str] = []
    unanswered: list[int] = []
    never = threading.Event()

    def slow(kind: str) -> Answer:
        never.wait(0.005)
        finished.append(kind)
        return answer(kind)

    def pause(seconds: float) -> None:
        unanswered.append(len(unanswered) + 1 - len(finished))

    assert len(run(Plan(100, 1), slow, random.Random(1), pause)) == 100
    assert max(unanswered) <= WORKERS


@pytest.mark.parametrize(
    "values",
    [
        {"rate": 0},
        {"rate": MAX_RATE + 1},
        {"duration_s": 0},
        {"duration_s": MAX_DURATION_S + 1},
        {"rate": float("nan")},
        {"not_found": -0.1},
        {"not_found": 0.6, "failing": 0.6},
        {"sold_out": 1.1},
    ],
)
def test_a_plan_has_bounds(values: dict[str, float]) -> None:
    """Load without end, or shares that are none, are refused with a reason."""
    with pytest.raises(ValueError, match="must be"):
        Plan(**values)


def test_the_summary_counts_and_names_ids() -> None:
    """Statuses, times, and one id of each kind to follow."""
    answers = [answer("order"), answer("found"), answer("failing"), Answer("found", 0, 1.0, "")]
    assert summary(answers) == (
        "4 visits\n"
        "  no answer  1\n"
        "        200  2\n"
        "        500  1\n"
        "  half took at most 10.0 ms, 95 % at most 1000.0 ms\n"
        "follow one (failing): clew follow id-of-failing\n"
        "follow one (found): clew follow id-of-found\n"
        "follow one (order): clew follow id-of-order"
    )


def test_stopped_by_ctrl_c_it_says_nothing() -> None:
    """The demo's end is not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        url = f"http://127.0.0.1:{gateway.getsockname()[1]}"
        with subprocess.Popen(
            [sys.executable, "-m", "demo_services.load", "--url", url, "--duration", "60"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            gateway.accept()[0].close()  # the first visit
            process.send_signal(signal.SIGINT)
            gateway.close()
            printed, complained = process.communicate(timeout=60)
    assert (process.returncode, printed, complained) == (130, "", "")
