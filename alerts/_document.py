"""The table of all alerts, as docs/oncall.md has it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from alerts import _slo
from alerts._model import Alert, Scale, spell
from alerts.catalogue import log_alerts, metric_alerts

_HEAD = "| alert | severity | says | after |\n|---|---|---|---|"


def every_alert() -> list[Alert]:
    """All that there are, with the durations as they are meant, in the order of the table."""
    return [*metric_alerts(Scale()), *_slo.alerts(), *log_alerts(Scale())]


def table(alerts: Iterable[Alert]) -> str:
    """Markdown: one row for each alert, its name a link to its runbook."""
    return "\n".join([_HEAD, *map(_row, alerts)])


def _row(alert: Alert) -> str:
    says = re.sub(r"{{ \$labels\.(\w+) }}", r"*\1*", alert.summary)
    name = f"[{alert.name}](../alerts/runbooks/{alert.name}.md)"
    after = spell(alert.lasting_s) if alert.lasting_s else "at once"
    return f"| {name} | {alert.severity} | {says} | {after} |"
