"""Alerts on the Python processes themselves."""

from __future__ import annotations

from alerts._model import Alert, Scale


def runtime_alerts(s: Scale) -> list[Alert]:
    """By the runtime metrics that clew sends of each process."""
    return []
