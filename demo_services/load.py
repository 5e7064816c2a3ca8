"""Sends a bounded mix of visits to the gateway: `python -m demo_services.load --help`."""

from __future__ import annotations

import argparse
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from demo_services._visits import VISITS, Answer, sender

MAX_RATE = 100.0
MAX_DURATION_S = 3600.0
WORKERS = 8

# Of the visits that are not asked to go wrong.
_GOOD = {"order": 5.0, "browse": 3.0, "found": 2.0}


@dataclass(frozen=True)
class Plan:
    """How much to send: visits per second, for seconds, and shares (0 to 1) that go wrong."""

    rate: float = 5.0
    duration_s: float = 10.0
    not_found: float = 0.05
    sold_out: float = 0.05
    failing: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.rate <= MAX_RATE:
            raise ValueError(
                f"the rate is {self.rate:g}, but must be above 0, at most {MAX_RATE:g}"
            )
        if not 0 < self.duration_s <= MAX_DURATION_S:
            raise ValueError(
                f"the duration is {self.duration_s:g} s, but must be above 0, "
                f"at most {MAX_DURATION_S:g}"
            )
        bad = (self.not_found, self.sold_out, self.failing)
        if min(bad) < 0 or sum(bad) > 1:
            raise ValueError("the shares of bad visits must be 0 or more, together at most 1")

    def kinds(self, chance: random.Random) -> Iterator[str]:
        """What to send, in order: one kind for each visit. The first is always an order."""
        yield "order"
        bad = {"sold out": self.sold_out, "not found": self.not_found, "failing": self.failing}
        good = (1 - sum(bad.values())) / sum(_GOOD.values())
        weights = {**{kind: weight * good for kind, weight in _GOOD.items()}, **bad}
        for _ in range(round(self.rate * self.duration_s) - 1):
            yield chance.choices(tuple(weights), tuple(weights.values()))[0]


Send = Callable[[str], Answer]


def run(
    plan: Plan, send: Send, chance: random.Random, pause: Callable[[float], None]
) -> list[Answer]:
    """Send what the plan says, at most `WORKERS` visits at once; the answers, in order sent.

    A gateway too slow for the rate is not overrun: the next visit waits for a free worker.
    """
    free = threading.Semaphore(WORKERS)

    def send_one(kind: str) -> Answer:
        try:
            return send(kind)
        finally:
            free.release()

    with ThreadPoolExecutor(WORKERS) as pool:
        underway = []
        for kind in plan.kinds(chance):
            free.acquire()
            underway.append(pool.submit(send_one, kind))
            pause(1 / plan.rate)
        return [one.result() for one in underway]


def summary(answers: list[Answer]) -> str:
    """For people: how many of which status, how long they took, and ids to follow."""
    statuses = Counter(answer.status for answer in answers)
    times = sorted(answer.seconds for answer in answers)
    lines = [f"{len(answers)} visits"]
    for status, count in sorted(statuses.items()):
        lines.append(f"  {status or 'no answer':>9}  {count}")
    middle, high = times[len(times) // 2], times[min(len(times) - 1, len(times) * 95 // 100)]
    lines.append(f"  half took at most {middle * 1e3:.1f} ms, 95 % at most {high * 1e3:.1f} ms")
    for kind in reversed(VISITS):  # the last line names an order
        ids = [one.correlation_id for one in answers if one.kind == kind and one.correlation_id]
        if ids:
            lines.append(f"follow one ({kind}): clew follow {ids[-1]}")
    return "\n".join(lines)


def main() -> int:
    """Read the arguments, send, print the summary. 1 if no visit was answered, 130 if stopped."""
    parser = argparse.ArgumentParser(prog="python -m demo_services.load", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the gateway")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="visits per second")
    parser.add_argument("--duration", type=float, default=Plan.duration_s, help="seconds")
    parser.add_argument("--not-found", type=float, default=Plan.not_found, help="share, 0 to 1")
    parser.add_argument("--sold-out", type=float, default=Plan.sold_out, help="share, 0 to 1")
    parser.add_argument("--fail", type=float, default=Plan.failing, help="share, 0 to 1")
    parser.add_argument("--seed", type=int, help="the same number makes the same visits")
    given = parser.parse_args()
    try:
        plan = Plan(given.rate, given.duration, given.not_found, given.sold_out, given.fail)
    except ValueError as error:
        parser.error(str(error))
    # One chance for the order of the visits, one for what happens in them on other threads.
    mix, own = random.Random(given.seed), random.Random(given.seed)
    try:
        answers = run(plan, sender(given.url, own), mix, time.sleep)
    except KeyboardInterrupt:  # who stopped it knows
        return 130
    print(summary(answers))
    return 0 if any(answer.status for answer in answers) else 1


if __name__ == "__main__":
    raise SystemExit(main())
