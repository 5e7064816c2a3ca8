"""Lengths of time, as people write them."""

from __future__ import annotations

import re

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A number and a unit, such as 90s, 15m, 6h or 2d, in seconds. A click callback."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,6})([smhd])", value)
    if not match or not int(match[1]):
        raise click.BadParameter(f"{value!r} is not a duration such as 90s, 15m, 6h or 2d")
    return float(int(match[1]) * _UNITS[match[2]])


def spoken(seconds: float) -> str:
    """Seconds in their largest whole unit, as in `24 h`."""
    unit = max((one for one in _UNITS if seconds % _UNITS[one] == 0), key=lambda one: _UNITS[one])
    return f"{seconds / _UNITS[unit]:g} {unit}"
