"""What was made against what arrived: the arithmetic of a drill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from benchmarks.outage._arrived import Arrived
from benchmarks.outage._load import Latency, Made

_SIGNALS = (("spans", "traces"), ("lines", "logs"))


@dataclass(frozen=True)
class Window:
    """What a drill may lose and double.

    `may_lose` tells of a request whether its span and line may be missing; `counter_may_lack` is
    how many requests the counter may lack, and `answers_may_fail` how many requests may get no
    answer. With `drops`, what is missing must be what the service says it dropped. With `copies`,
    duplicates are within what at-least-once delivery allows.
    """

    may_lose: Callable[[Made], bool] = lambda made: False
    counter_may_lack: int = 0
    answers_may_fail: int = 0
    drops: bool = False
    copies: bool = False


@dataclass(frozen=True)
class Result:
    """One drill. `broken` says which promises were not kept: none, if it went well."""

    drill: str
    made: int
    spans: int
    lines: int
    counter: int
    copies: int
    dropped: dict[str, int]
    normal: Latency
    during: Latency
    broken: list[str] = field(default_factory=list)
    note: str = ""


def reconcile(made: Sequence[Made], arrived: Arrived, window: Window) -> list[str]:
    """The promises that were broken, in words."""
    broken = _answers(made, window)
    answered = [one for one in made if one.status]
    for what, signal in _SIGNALS:
        found: Counter[int] = getattr(arrived, what)
        missing = [one for one in answered if not found[one.number]]
        dropped = _dropped(arrived, signal)
        if window.drops:
            if len(missing) > dropped:
                broken.append(f"{len(missing)} {what} missing, {dropped} counted as dropped")
            continue
        beyond = [one.number for one in missing if not window.may_lose(one)]
        if beyond:
            broken.append(f"{len(beyond)} {what} lost: requests {_few(beyond)}")
        if dropped:
            broken.append(f"{dropped} of {signal} counted as dropped")
    if not window.copies:
        broken.extend(_copies(arrived))
    broken.extend(_counter(len(answered), arrived.requests, window))
    broken.extend(_starts(arrived))
    return broken


def _answers(made: Sequence[Made], window: Window) -> list[str]:
    failed = [one.number for one in made if one.status != 200]
    if len(failed) <= window.answers_may_fail:
        return []
    return [f"{len(failed)} requests failed: {_few(failed)}"]


def _dropped(arrived: Arrived, signal: str) -> int:
    return sum(
        items for what, items in arrived.dropped_by_reason().items() if what.split(" ")[0] == signal
    )


def _copies(arrived: Arrived) -> list[str]:
    found = (("spans", arrived.copies), ("lines", arrived.copied_lines))
    return [f"{copies} {what} arrived twice" for what, copies in found if copies]


def _counter(answered: int, counted: int, window: Window) -> list[str]:
    """A request without an answer may have been served: it may be counted, too."""
    if answered - window.counter_may_lack <= counted <= answered + window.answers_may_fail:
        return []
    return [f"the counter says {counted}, {answered} requests were answered"]


def _starts(arrived: Arrived) -> list[str]:
    anew = [series for series, starts in arrived.starts.items() if len(starts) > 1]
    return [f"{len(anew)} sums began anew"] if anew else []


def _few(numbers: Collection[int], most: int = 5) -> str:
    shown = ", ".join(str(number) for number in sorted(numbers)[:most])
    return f"{shown}, …" if len(numbers) > most else shown
