"""What clew is to cost at most, and what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.overhead._configurations import BY_NAME
from benchmarks.overhead._imports import ImportTime
from benchmarks.overhead._memory import Memory
from benchmarks.overhead._summary import Row
from benchmarks.overhead._table import columns

_MB = 1_000_000


@dataclass(frozen=True)
class Verdict:
    """One target. `at_least` turns the comparison round."""

    what: str
    target: float
    measured: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        return (self.measured >= self.target) if self.at_least else (self.measured <= self.target)

    def cells(self) -> tuple[str, ...]:
        bound = f"{'≥' if self.at_least else '≤'} {self.target:g} {self.unit}"
        return (
            self.what,
            bound,
            f"{self.measured:.1f} {self.unit}",
            "met" if self.met else "MISSED",
        )


def from_rounds(rows: Sequence[Row]) -> list[Verdict]:
    """The targets that the rounds decide, of the configurations that were measured."""
    known = {row.configuration.name: row for row in rows}
    wanted: Mapping[str, Callable[[Row], list[Verdict]]] = {
        "clew": lambda row: [
            Verdict("traces, metrics and id: CPU a request", 25, row.cpu_more_us.median, "µs"),
            Verdict(
                "traces, metrics and id: requests/s of bare",
                85,
                row.rate_ratio.median * 100,
                "%",
                at_least=True,
            ),
        ],
        "clew, JSON line": lambda row: [
            Verdict("with one JSON line: CPU a request", 45, row.cpu_more_us.median, "µs")
        ],
        "requests, clew": lambda row: [
            Verdict("client span of requests: CPU a call", 20, row.cpu_more_us.median, "µs")
        ],
        "flask, clew": lambda row: [
            Verdict("Flask under WSGI: CPU a request", 30, row.cpu_more_us.median, "µs")
        ],
    }
    return [one for name, make in wanted.items() if name in known for one in make(known[name])]


def from_memory(looks: Sequence[Memory]) -> list[Verdict]:
    known = {look.configuration: look for look in looks}
    found = []
    for name in ("clew", "clew, JSON line"):
        look, bare = known.get(name), known.get(BY_NAME[name].reference)
        if look and bare:
            more = (look.resident_bytes - bare.resident_bytes) / _MB
            found.append(
                Verdict(f"{name}: memory after {look.requests:,} requests", 25, more, "MB")
            )
            growth = (look.twice_resident_bytes - look.resident_bytes) / _MB
            found.append(Verdict(f"{name}: growth over as many again", 1, growth, "MB"))
    return found


def from_imports(times: ImportTime) -> list[Verdict]:
    return [Verdict("import clew.auto beyond FastAPI", 150, times.median(0), "ms")]


def verdicts_table(verdicts: Sequence[Verdict]) -> str:
    return columns([("target", "bound", "measured", ""), *(one.cells() for one in verdicts)])
