"""Every query of boards, rules and runbooks, filled in as for the shop under load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alerts import runbook
from alerts.drill._faults import FAULTS
from dashboards.live import Query, fill, queries

ROOT = Path(__file__).resolve().parents[2]
BOARDS = sorted((ROOT / "dashboards/generated").glob("*.json"))
CORRELATION_ID = "asked-by-the-tests"
VARIABLES = {
    "service": ".+",
    "route": ".*",
    "slo": ".+",
    "entry": "gateway",
    "correlation_id": CORRELATION_ID,
}
_MOST_LABELS = {
    "service_name": "orders",
    "shop_downstream": "payments",
    "shop_queue": "notifications",
    "slo": "ordering-availability",
    "job": "loki",
}


@dataclass(frozen=True)
class Asked:
    """A query, where it stands, and whether its answer may be nothing."""

    where: str
    query: Query
    may_be_empty: bool = False


def of_boards() -> Iterator[Asked]:
    """Every panel and every annotation, all variables filled in."""
    for path in BOARDS:
        for query in queries(path, VARIABLES):
            yield Asked(f"{query.board}: {query.panel}", query)


def of_runbooks() -> Iterator[Asked]:
    """Every query of every runbook, with the labels that its alert has in the drill."""
    for fault in FAULTS:
        for alert, labels in fault.alerts:
            for step in runbook.steps(alert):
                if step.kind == "sh":
                    continue
                filled = step.filled({**_MOST_LABELS, **labels})
                source = "loki" if step.kind == "logql" else "prometheus"
                query = Query(alert, step.title, source, filled.text)
                yield Asked(f"{alert}.md: {step.title}", query, step.may_be_empty)


def rules(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(source, name, expression) of each rule in a folder of rules."""
    for file in sorted(folder.rglob("*.yml")):
        source = "loki" if "loki" in file.parts else "prometheus"
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                yield source, rule.get("alert") or rule["record"], rule["expr"]


def selectors(node: Any) -> Iterator[str]:
    """What an expression reads: the selectors in Prometheus's own parse of it."""
    if isinstance(node, dict):
        if node.get("type") in ("vectorSelector", "matrixSelector"):
            inside = ",".join(f'{m["name"]}{m["type"]}"{m["value"]}"' for m in node["matchers"])
            yield f"{{{inside}}}"
            return
        for part in node.values():
            yield from selectors(part)
    elif isinstance(node, list):
        for part in node:
            yield from selectors(part)


__all__ = ["BOARDS", "Asked", "fill", "of_boards", "of_runbooks", "rules", "selectors"]
