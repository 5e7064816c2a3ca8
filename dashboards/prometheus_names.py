"""OpenTelemetry's names as Prometheus, Loki and Jaeger store them.

The rules are those of Prometheus's OTLP translation (UnderscoreEscapingWithSuffixes): dots become
underscores, the unit is appended, a counter ends in `_total`, a gauge of unit 1 in `_ratio`.
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

_UNITS = {"s": "seconds", "ms": "milliseconds", "By": "bytes"}


def label(name: str) -> str:
    """Return an attribute's name as a label: `service.name` is `service_name`."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def metric(name: str, unit: str, kind: Kind) -> str:
    """Return a metric's name in Prometheus; of a histogram the base, without `_bucket`.

    `unit` is UCUM as the metric declares it; annotations such as `{request}` add nothing.
    """
    parts = [label(name)]
    suffix = _UNITS.get(unit)
    if suffix and not parts[0].endswith("_" + suffix):
        parts.append(suffix)
    if unit == "1" and kind == "gauge":
        parts.append("ratio")
    if kind == "counter" and not parts[0].endswith("_total"):
        parts.append("total")
    return "_".join(parts)
