"""SLOs: the file, its recording rules and its burn-rate alerts.

Windows and factors are those of the SRE Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alerts._model import Alert, Scale

WINDOWS = {
    "5m": 300, "30m": 1_800, "1h": 3_600, "2h": 7_200,
    "6h": 21_600, "1d": 86_400, "3d": 259_200,
}  # fmt: skip
# (name, severity, short window, long window, burn rate)
BURNS = (
    ("SloBurnFast", "page", "5m", "1h", 14.4),
    ("SloBurnSteady", "page", "30m", "6h", 6.0),
    ("SloBurnSlow", "ticket", "2h", "1d", 3.0),
    ("SloBurnCreeping", "ticket", "6h", "3d", 1.0),
)
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_ON = "on (service_name, http_route, slo)"
_METRIC = "http_server_request_duration_seconds"


class SloError(Exception):
    """slo.yaml can't be used; the message names the entry and what is wrong."""


@dataclass(frozen=True)
class Slo:
    """One objective. `faster` is in seconds, None for availability."""

    slo: str
    service: str
    objective: float
    route: str | None = None
    faster: float | None = None

    def ratio(self, window: str) -> str:
        """The share of bad requests over a window, in PromQL."""
        where = f'service_name="{self.service}"'
        if self.route is not None:
            where += f',http_route="{self.route}"'
        total = f"sum by (service_name) (rate({_METRIC}_count{{{where}}}[{window}]))"
        if self.faster is None:
            bad = f'{where},http_response_status_code=~"5.."'
            errors = f"sum by (service_name) (rate({_METRIC}_count{{{bad}}}[{window}]))"
            return f"({errors} or 0 * {total}) / ({total} > 0)"
        good = f'{where},le="{self.faster:g}"'
        quick = f"sum by (service_name) (rate({_METRIC}_bucket{{{good}}}[{window}]))"
        return f"1 - {quick} / ({total} > 0)"


def read(file: Path) -> list[Slo]:
    """The objectives of a file. Raises SloError."""
    entries = yaml.safe_load(file.read_text())
    if not isinstance(entries, list):
        raise SloError(f"{file.name}: give a list of objectives")
    found = [_slo(entry, number) for number, entry in enumerate(entries, 1)]
    names = [slo.slo for slo in found]
    for name in names:
        if names.count(name) > 1:
            raise SloError(f"{file.name}: {name} is there twice; give each its own name")
    return found


def _slo(entry: Any, number: int) -> Slo:
    try:
        slo = Slo(**entry)
    except TypeError as error:
        raise SloError(f"slo.yaml, entry {number}: {error}") from None
    if not 0 < float(slo.objective) < 1:
        raise SloError(f"slo.yaml, {slo.slo}: objective {slo.objective} is not between 0 and 1")
    if slo.faster is not None and slo.faster not in _BOUNDS:
        bounds = ", ".join(f"{bound:g}" for bound in _BOUNDS)
        raise SloError(f"slo.yaml, {slo.slo}: faster must be a bucket's bound, of {bounds}")
    return slo


def recordings(slos: list[Slo], scale: Scale) -> list[dict[str, Any]]:
    """The recording rules: the bad share over each window, the objective, what is left."""
    rules: list[dict[str, Any]] = []
    for slo in slos:
        labels = {"slo": slo.slo, "service_name": slo.service}
        if slo.route is not None:
            labels["http_route"] = slo.route
        for name, seconds in WINDOWS.items():
            expr = slo.ratio(scale.window(seconds))
            rules.append({"record": f"slo:errors_ratio:rate{name}", "expr": expr, "labels": labels})
        rules.append(
            {"record": "slo:objective:ratio", "expr": f"vector({slo.objective})", "labels": labels}
        )
    # Of the budget of as long a time as the longest window.
    left = f"1 - slo:errors_ratio:rate3d / {_ON} (1 - slo:objective:ratio)"
    return [*rules, {"record": "slo:error_budget_remaining:ratio", "expr": left}]


def alerts() -> list[Alert]:
    """One alert for each pair of windows; its labels tell the objective."""
    return [_burn(*burn) for burn in BURNS]


def _burn(name: str, severity: str, short: str, long: str, rate: float) -> Alert:
    over = f"> {_ON} {rate:g} * (1 - slo:objective:ratio)"
    return Alert(
        name=name,
        expr=f"slo:errors_ratio:rate{short} {over} and {_ON} slo:errors_ratio:rate{long} {over}",
        severity=severity,
        summary="{{ $labels.slo }} spends its error budget " + f"{rate:g} times too fast",
        description=(
            "{{ $value | humanizePercentage }} of the requests of {{ $labels.service_name }}"
            "{{ with $labels.http_route }} to {{ . }}{{ end }} in "
            f"the last {short} were bad. At this rate the budget of 30 days is spent in "
            f"{30 / rate:.2g} days."
        ),
        board="clew-slo",
        variables={"service": "service_name", "slo": "slo"},
        traces="any",
    )
