"""Sends a bounded mix of requests to the gateway: `python -m demo_services.load --help`."""

from __future__ import annotations

import argparse
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

MAX_RATE = 100.0
MAX_DURATION_S = 3600.0
WORKERS = 8

PATHS = {"found": ("/users/1", "/users/2"), "not found": ("/users/999",), "failing": ("/fail",)}


@dataclass(frozen=True)
class Plan:
    """How much to send: requests per second, for seconds, and shares (0 to 1) of bad ones."""

    rate: float = 5.0
    duration_s: float = 10.0
    not_found: float = 0.1
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
        if min(self.not_found, self.failing) < 0 or self.not_found + self.failing > 1:
            raise ValueError("the shares of bad requests must be 0 or more, together at most 1")

    def kinds(self, chance: random.Random) -> Iterator[str]:
        """What to send, in order: one kind for each request. The first is always "found"."""
        yield "found"
        weights = (1 - self.not_found - self.failing, self.not_found, self.failing)
        for _ in range(round(self.rate * self.duration_s) - 1):
            yield chance.choices(tuple(PATHS), weights)[0]


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is 0 where nothing did; `correlation_id` is "" where none did."""

    kind: str
    status: int
    seconds: float
    correlation_id: str


Send = Callable[[str], Answer]


def sender(url: str, chance: random.Random) -> Send:
    """A function that sends one request of a kind to the gateway at `url`."""

    def send(kind: str) -> Answer:
        path = chance.choice(PATHS[kind])
        began = time.perf_counter()
        try:
            answer = requests.get(f"{url.rstrip('/')}{path}", timeout=(1, 10))
        except requests.RequestException:
            return Answer(kind, 0, time.perf_counter() - began, "")
        correlation_id = answer.headers.get("X-Correlation-ID", "")
        return Answer(kind, answer.status_code, time.perf_counter() - began, correlation_id)

    return send


def run(
    plan: Plan, send: Send, chance: random.Random, pause: Callable[[float], None]
) -> list[Answer]:
    """Send what the plan says, at most `WORKERS` requests at once; the answers, in order sent.

    A gateway too slow for the rate is not overrun: the next request waits for a free worker.
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
    lines = [f"{len(answers)} requests"]
    for status, count in sorted(statuses.items()):
        lines.append(f"  {status or 'no answer':>9}  {count}")
    middle, high = times[len(times) // 2], times[min(len(times) - 1, len(times) * 95 // 100)]
    lines.append(f"  half took at most {middle * 1e3:.1f} ms, 95 % at most {high * 1e3:.1f} ms")
    for kind in reversed(PATHS):  # the last line names the request that went all the way
        ids = [one.correlation_id for one in answers if one.kind == kind and one.correlation_id]
        if ids:
            lines.append(f"follow one ({kind}): clew follow {ids[-1]}")
    return "\n".join(lines)


def main() -> int:
    """Read the arguments, send, print the summary. 1 if no request was answered."""
    parser = argparse.ArgumentParser(prog="python -m demo_services.load", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the gateway")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="requests per second")
    parser.add_argument("--duration", type=float, default=Plan.duration_s, help="seconds")
    parser.add_argument("--not-found", type=float, default=Plan.not_found, help="share, 0 to 1")
    parser.add_argument("--fail", type=float, default=Plan.failing, help="share, 0 to 1")
    given = parser.parse_args()
    try:
        plan = Plan(given.rate, given.duration, given.not_found, given.fail)
    except ValueError as error:
        parser.error(str(error))
    chance = random.Random()
    answers = run(plan, sender(given.url, chance), chance, time.sleep)
    print(summary(answers))
    return 0 if any(answer.status for answer in answers) else 1


if __name__ == "__main__":
    raise SystemExit(main())
