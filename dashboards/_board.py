"""A board's facts, and Grafana's own type built from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import AnnotationQuery, DataSourceRef

from dashboards import queries as q
from dashboards._panel import Panel, build, link

_PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")


@dataclass(frozen=True)
class Board:
    """Panels in reading order, and the names of the variables above them (see `_variable`)."""

    title: str
    panels: tuple[Panel, ...]
    variables: tuple[str, ...] = ()


class Mark(AnnotationQuery, Builder[AnnotationQuery]):
    """An annotation by PromQL, with the text that it shows: fields which the SDK's type lacks."""

    def __init__(self, name: str, expr: str, color: str, title: str, text: str) -> None:
        super().__init__(name=name, datasource=_PROMETHEUS, icon_color=color, expr=expr)
        self._shown = {"titleFormat": title, "textFormat": text, "step": "15s"}

    def build(self) -> Mark:
        return self

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), **self._shown}


def built(uid: str, boards: Mapping[str, Board]) -> Any:
    """Return a board in the SDK's types, with links to all the others."""
    board = boards[uid]
    made = dashboard.Dashboard(board.title).uid(uid).tags(["clew"]).readonly().refresh("30s")
    made = made.time("now-1h", "now").links([link(other, boards[other].title) for other in boards])
    for mark in _marks("service" in board.variables):
        made = made.annotation(mark)
    for name in board.variables:
        made = made.with_variable(_variable(name))
    for panel in board.panels:
        made = made.with_panel(build(panel))
    return made.build()


def _marks(of_a_service: bool) -> tuple[Mark, ...]:
    where = f'{q.SERVICE}=~"$service"' if of_a_service else ""
    version = f"{{{{{q.VERSION}}}}}"
    name = f"{{{{{q.SERVICE}}}}}"
    return (
        Mark("Deploys", q.new_versions(where), "blue", f"{name} {version}", "a new version sends"),
        Mark("Alerts", q.firing(where), "red", "{{alertname}}", f"{name} {{{{severity}}}}"),
    )


def _variable(name: str) -> Any:
    """`correlation_id` is a text box; `entry` is one service; the others may be several, or All."""
    if name == "correlation_id":
        return dashboard.TextBoxVariable(name).description("from a response, a line, a ticket")
    chosen = f'{{{q.SERVICE}=~"$service"}}'
    query = {
        "service": f"label_values(clew_export_sent_total, {q.SERVICE})",
        "entry": f"label_values({q.SERVER}_count, {q.SERVICE})",
        "route": f"label_values({q.SERVER}_count{chosen}, {q.ROUTE})",
        "slo": f"label_values(slo:objective:ratio{chosen}, slo)",
    }[name]
    made = dashboard.QueryVariable(name).query(query).datasource(_PROMETHEUS)
    if name == "entry":
        return made
    # What no route matched, or failed before it was looked for, has no route.
    return made.include_all(True).all_value(".*" if name == "route" else ".+").multi(True)
