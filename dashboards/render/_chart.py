"""A time series panel as SVG: lines, a scale of values, a scale of time, marks."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboards.render._values import clock, spelled

Place = Callable[[float], float]
COLOURS = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#fade2a")
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 8, 8, 20
_GAP_S = 60.0  # a line is not drawn over a longer silence


@dataclass(frozen=True)
class Line:
    """One series: (seconds since the epoch, value), by time."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Mark:
    """A moment to show across the panel."""

    at: float
    colour: str


@dataclass(frozen=True)
class Span:
    """The time that is shown, seconds since the epoch."""

    begin: float
    end: float


def chart(
    lines: Sequence[Line], marks: Sequence[Mark], span: Span, unit: str, width: int, height: int
) -> str:
    """The panel's picture."""
    known = (value for line in lines for _, value in line.points if value == value)
    top = max(known, default=1.0) or 1.0
    if unit == "percentunit" and top <= 1:
        top = min(1.0, top * 1.1)
    across, down = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def x(at: float) -> float:
        return _LEFT + across * (at - span.begin) / (span.end - span.begin)

    def y(value: float) -> float:
        return _TOP + down * (1 - max(0.0, value) / top)

    parts = [f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">']
    for step in range(5):
        value = top * step / 4
        parts.append(
            f'<line x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y(value):.0f}" y2="{y(value):.0f}" '
            f'class="grid"/><text x="{_LEFT - 6}" y="{y(value) + 4:.0f}" class="scale" '
            f'text-anchor="end">{html.escape(spelled(value, unit))}</text>'
        )
    for step in range(5):
        at = span.begin + (span.end - span.begin) * step / 4
        anchor = "end" if step == 4 else "middle" if step else "start"
        parts.append(
            f'<text x="{x(at):.0f}" y="{height - 5}" class="scale" text-anchor="{anchor}">'
            f"{clock(at)}</text>"
        )
    for mark in marks:
        if span.begin <= mark.at <= span.end:
            parts.append(
                f'<line x1="{x(mark.at):.0f}" x2="{x(mark.at):.0f}" y1="{_TOP}" '
                f'y2="{_TOP + down}" stroke="{mark.colour}" stroke-dasharray="3 3" opacity=".7"/>'
            )
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<path d="{_path(line, x, y)}" fill="none" stroke="{colour}"/>')
    return "".join(parts) + "</svg>"


def _path(line: Line, x: Place, y: Place) -> str:
    drawn, before = [], -1e18
    for at, value in line.points:
        if value == value:
            drawn.append(f"{'M' if at - before > _GAP_S else 'L'}{x(at):.1f} {y(value):.1f}")
            before = at
    return "".join(drawn)
