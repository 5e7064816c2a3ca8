"""Numbers, legends and times as people read them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

_KILO = ("", "k", "M", "G", "T")
# From how many seconds on which unit is used.
_TIMES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def spelled(value: float, unit: str) -> str:
    """A value in one of Grafana's units."""
    if value != value:  # not a number
        return "–"
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "s":
        return _duration(value)
    suffix = {"bytes": "B", "Bps": "B/s", "reqps": "/s", "cps": "/s"}.get(unit, "")
    power = 0
    while abs(value) >= 1000 and power < len(_KILO) - 1:
        value, power = value / 1000, power + 1
    return f"{value:.3g} {_KILO[power]}{suffix}".rstrip()


def _duration(seconds: float) -> str:
    for size, name in _TIMES:
        if abs(seconds) >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds * 1000:.3g} ms" if seconds else "0 s"


def named(labels: Mapping[str, str], legend: str) -> str:
    """A series' name: the legend filled in, or the labels."""
    if legend:
        text = re.sub(r"{{(\w+)}}", lambda found: labels.get(found.group(1), ""), legend).strip()
        return text or "(none)"
    return " ".join(value for name, value in labels.items() if name != "__name__") or "value"


def clock(seconds: float) -> str:
    """The time of day, UTC."""
    return time.strftime("%H:%M:%S", time.gmtime(seconds))
