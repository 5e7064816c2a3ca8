"""The drill's result as a table."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.drill._proof import Proof

_HEAD = (
    *("alert", "fired", "on-call told", "panels", "lines", "traces"),
    *("to cause", "resolved", "fault"),
)


def table(proofs: Sequence[Proof]) -> str:
    """One row for each alert. Seconds after the fault came, and after it went."""
    rows = [_HEAD, *map(_row, proofs)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    good = sum(proof.good for proof in proofs)
    broken = [f"{proof.alert}: {proof.broken}" for proof in proofs if proof.broken]
    return "\n".join(["", *lines, "", f"{good} of {len(proofs)} alerts proven", *broken])


def line(proof: Proof) -> str:
    """One alert, as soon as it is known."""
    _, fired, heard, panels, lines, traces, steps, resolved, _ = _row(proof)
    return (
        f"{'ok ' if proof.good else 'NOT'} {proof.alert}: fired {fired}, told {heard}, "
        f"panels {panels}, {lines} lines, {traces} traces, cause in {steps} steps, "
        f"resolved {resolved} {proof.broken}"
    )


def _row(proof: Proof) -> tuple[str, ...]:
    heard = f"muted by {proof.muted_by}" if proof.muted_by else _seconds(proof.told)
    found = proof.found
    counts = ("-" if n is None else str(n) for n in (found.lines, found.traces, proof.steps))
    return (
        proof.alert,
        _seconds(proof.fired),
        heard,
        found.panels or "-",
        *counts,
        _seconds(proof.resolved),
        proof.fault,
    )


def _seconds(value: float | None) -> str:
    return "NO" if value is None else f"{value:.0f} s"
