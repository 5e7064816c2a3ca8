"""The rule files that are made from the catalogue and from slo.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from alerts import _slo
from alerts._model import Alert, Places, Scale
from alerts.catalogue import log_alerts, metric_alerts

HERE = Path(__file__).resolve().parent
_HEAD = "# Made by `python -m alerts` from {source}. Change that, and run it again.\n\n"


def files(scale: Scale, places: Places, slos: Path = HERE / "slo.yaml") -> dict[str, str]:
    """The text of each rule file by its path in the folder. Raises SloError."""
    objectives = _slo.read(slos)

    def group(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
        return {"name": name, "interval": f"{scale.interval_s:g}s", "rules": rules}

    def of(alerts: list[Alert]) -> list[dict[str, Any]]:
        return [alert.rule(scale, places) for alert in alerts]

    # Their windows are up to three days: a drill shortens them ten times more.
    slo_scale = scale if scale.factor == 1 else replace(scale, factor=scale.factor * 10)
    recordings = group("slo-ratios", _slo.recordings(objectives, slo_scale))
    # Loki reads a folder for each tenant; "fake" is the one of a Loki without tenants.
    return {
        "clew.rules.yml": _text("alerts/catalogue", [group("clew", of(metric_alerts(scale)))]),
        "slo.rules.yml": _text(
            "alerts/slo.yaml", [recordings, group("slo-burns", of(_slo.alerts()))]
        ),
        "loki/fake/clew.yml": _text(
            "alerts/catalogue", [group("clew-logs", of(log_alerts(scale)))]
        ),
    }


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files below a folder."""
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def _text(source: str, groups: list[dict[str, Any]]) -> str:
    body = yaml.safe_dump(
        {"groups": groups}, sort_keys=False, width=10_000, allow_unicode=True, default_style=None
    )
    return _HEAD.format(source=source) + body
