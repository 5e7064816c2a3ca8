"""The tables of an outage."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.outage._load import latency
from benchmarks.outage._run import PHASES, Outcome, warm
from benchmarks.overhead._table import columns

_WHAT = {"spans": "server spans", "lines": "log records"}


def delivered(outcomes: Sequence[Outcome]) -> str:
    """Delivered of made, by signal and phase; copies; the counter."""
    lines = [("", "", *PHASES, "all", "copies", "")]
    for one in outcomes:
        for signal, what in _WHAT.items():
            came = [one.came(signal, phase) for phase in PHASES]
            cells = [
                f"{found:,} of {len(one.made[phase]):,}"
                for found, phase in zip(came, PHASES, strict=True)
            ]
            copies = one.arrived.copies if signal == "spans" else one.arrived.copied_lines
            share = f"{sum(came) / max(1, one.all_made):.1%}"
            lines.append(
                (one.name, what, *cells, f"{sum(came):,} of {one.all_made:,}", str(copies), share)
            )
        counted = f"{one.arrived.requests:,} of {one.all_made:,}"
        share = f"{one.arrived.requests / max(1, one.all_made):.1%}"
        lines.append((one.name, "request counter", "", "", "", counted, "", share))
    return columns(lines)


def latencies(outcomes: Sequence[Outcome]) -> str:
    """p50 and p99 of the requests before, during and after."""
    lines = [("request latency, ms", *(f"{q} {p}" for p in PHASES for q in ("p50", "p99")), "")]
    for one in outcomes:
        found = [latency(warm(one.made[phase])) for phase in PHASES]
        cells = [f"{value:.2f}" for each in found for value in (each.p50, each.p99)]
        lines.append((one.name, *cells, ""))
    return columns(lines)
