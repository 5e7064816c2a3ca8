"""The table of the drills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.chaos._reconcile import Result
from benchmarks.outage._load import Latency
from benchmarks.overhead._table import columns

_HEAD = (
    "drill", "made", "spans", "lines", "counter", "twice", "counted as dropped",
    "p50/p99 normal", "during", "",
)  # fmt: skip


def table(results: Sequence[Result]) -> str:
    """One line a drill; what is broken under it."""
    lines = columns([_HEAD, *(_line(one) for one in results)]).split("\n")
    for at, one in reversed(list(enumerate(results))):
        lines[at + 2 : at + 2] = [f"    BROKEN: {words}" for words in one.broken]
    return "\n".join(lines)


def _line(one: Result) -> tuple[str, ...]:
    return (
        one.drill,
        str(one.made),
        str(one.spans),
        str(one.lines),
        str(one.counter),
        str(one.copies),
        _dropped(one.dropped),
        _milliseconds(one.normal),
        _milliseconds(one.during),
        one.note,
    )


def _dropped(dropped: Mapping[str, int]) -> str:
    """ "logs 3 (spool_full), traces 7 (4 reasons)"; "0" for none."""
    found: dict[str, list[tuple[str, int]]] = {}
    for what, items in dropped.items():
        signal, _, reason = what.partition(" ")
        found.setdefault(signal, []).append((reason, items))
    return ", ".join(_of_signal(signal, reasons) for signal, reasons in found.items()) or "0"


def _of_signal(signal: str, reasons: Sequence[tuple[str, int]]) -> str:
    why = reasons[0][0] if len(reasons) == 1 else f"{len(reasons)} reasons"
    return f"{signal} {sum(items for _, items in reasons)} ({why})"


def _milliseconds(took: Latency) -> str:
    return f"{took.p50:.1f}/{took.p99:.1f} ms" if took.count else "–"
