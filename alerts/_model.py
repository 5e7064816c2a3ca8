"""What an alert is, and how it becomes a rule of Prometheus or of Loki's ruler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

# Beyond these a rate has too few samples to mean anything, however much a drill shortens.
SHORTEST_WINDOW_S = 20
SHORTEST_FOR_S = 4

# Jaeger's search: what is added to find traces of a kind.
_SAMPLES = {
    "error": "&tags=" + quote(json.dumps({"error": "true"})),
    "slow": "&minDuration=500ms",
    "any": "",
}


@dataclass(frozen=True)
class Places:
    """Where links in alerts lead, base addresses without a slash at the end."""

    grafana: str = "http://localhost:3000"
    jaeger: str = "http://localhost:16686"
    runbooks: str = "http://localhost:8007/runbooks"


@dataclass(frozen=True)
class Scale:
    """How much shorter than real all durations are (1: as they are meant), and how often rules are
    evaluated, in seconds."""

    factor: float = 1
    interval_s: float = 15
    # Above them a host is short of memory, or busy. A drill lowers the one, so that it needs to
    # take only a little, and raises the other above what a machine under test does anyway.
    memory_bound: float = 0.9
    cpu_bound: float = 0.9
    # Bytes above which one process is too large.
    largest_process: float = 1024**3

    def window(self, seconds: float) -> str:
        """A range of a rate, in PromQL."""
        return spell(max(seconds / self.factor, min(seconds, SHORTEST_WINDOW_S)))

    def wait(self, seconds: float) -> str:
        """A `for`, in PromQL; an offset or a threshold in seconds."""
        return spell(max(seconds / self.factor, min(seconds, SHORTEST_FOR_S)))

    def seconds(self, seconds: float) -> str:
        """A threshold in seconds, as a number."""
        return f"{max(seconds / self.factor, min(seconds, SHORTEST_WINDOW_S)):g}"


@dataclass(frozen=True)
class Alert:
    """One alert. `expr` is PromQL, or LogQL if `log` is set; `lasting_s` is the rule's `for`.

    `severity` is "page" (somebody gets up) or "ticket" (somebody looks tomorrow). `value` says how
    $value is written. `board` and `variables` name the dashboard and what is filled in on it.
    `logs` is LogQL for the lines that belong to it, "" where no line can. `traces` says which
    traces of the service are samples: those with an "error", "slow" ones, "any", or "" for none.
    `labels` are further labels. In texts `{{ $labels.x }}` is Prometheus's template.
    """

    name: str
    expr: str
    summary: str
    description: str
    severity: str = "ticket"
    lasting_s: float = 0
    board: str = "clew-service"
    variables: Mapping[str, str] = field(default_factory=lambda: {"service": "service_name"})
    logs: str = '{service_name="{{ $labels.service_name }}"} | severity_text=~"WARN|ERROR|FATAL"'
    traces: str = "error"
    labels: Mapping[str, str] = field(default_factory=dict)
    log: bool = False

    def rule(self, scale: Scale, places: Places) -> dict[str, Any]:
        """The rule as Prometheus and Loki read it."""
        made: dict[str, Any] = {"alert": self.name, "expr": self.expr}
        if self.lasting_s:
            made["for"] = scale.wait(self.lasting_s)
        made["labels"] = {"severity": self.severity, **self.labels}
        made["annotations"] = self._annotations(places)
        return made

    def _annotations(self, places: Places) -> dict[str, str]:
        filled = "".join(
            f"&var-{name}={{{{ $labels.{label} | urlquery }}}}"
            for name, label in self.variables.items()
        )
        window = "from=now-1h&to=now"
        if not self.log:  # Loki's ruler has no `query` in its templates
            window = (
                'from={{ with query "1000 * (time() - 1800)" }}'
                '{{ . | first | value | printf "%.0f" }}{{ end }}&to=now'
            )
        made = {
            "summary": self.summary,
            "description": self.description,
            "dashboard": f"{places.grafana}/d/{self.board}?{window}{filled}",
            "runbook_url": f"{places.runbooks}/{self.name}.md",
        }
        if self.logs:
            made["logs"] = f"{places.grafana}/explore?schemaVersion=1&panes={_panes(self.logs)}"
            made["logs_query"] = self.logs
        if self.traces:
            made["traces"] = (
                f"{places.jaeger}/search?service={{{{ $labels.service_name | urlquery }}}}"
                f"&lookback=1h&limit=20{_SAMPLES[self.traces]}"
            )
        return made


def _panes(logql: str) -> str:
    """The value of `panes` in an address of Grafana's Explore. Templates in it stay readable for
    Prometheus, which fills them in."""
    pane = {
        "clew": {
            "datasource": "loki",
            "queries": [{"refId": "A", "expr": logql}],
            "range": {"from": "now-1h", "to": "now"},
        }
    }
    text = quote(json.dumps(pane, separators=(",", ":")))
    for code, sign in (("%7B%7B%20%24labels.", "{{ $labels."), ("%20%7D%7D", " }}")):
        text = text.replace(code, sign)
    return text


def spell(seconds: float) -> str:
    """A duration as Prometheus writes it."""
    if seconds % 1:
        return f"{round(seconds * 1000)}ms"
    whole = int(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"
