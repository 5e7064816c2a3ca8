"""One panel's facts, and how Grafana's own types are built from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from grafana_foundation_sdk.builders import (
    dashboard,
    logs,
    loki,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef

Look = Literal["timeseries", "stat", "table", "logs"]
_BUILDERS: dict[str, Any] = {
    "timeseries": timeseries.Panel,
    "stat": stat.Panel,
    "table": table.Panel,
    "logs": logs.Panel,
}


@dataclass(frozen=True)
class Panel:
    """What a panel shows, why, in which unit (Grafana's unit id), and where one looks next.

    `queries` are (legend, expression) pairs; `next_uid` is the board that the panel's link opens.
    """

    title: str
    about: str
    unit: str
    next_uid: str
    queries: tuple[tuple[str, str], ...]
    look: Look = "timeseries"
    width: int = 12
    height: int = 8


def link(uid: str, title: str) -> dashboard.DashboardLink:
    """Return a link to another board that keeps the time range and the variables."""
    url = f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}"
    return dashboard.DashboardLink(title).type("link").url(url)


def build(panel: Panel) -> Any:
    """Return the SDK's builder of a panel."""
    kind = "loki" if panel.look == "logs" else "prometheus"
    built = _BUILDERS[panel.look]().title(panel.title).description(panel.about).unit(panel.unit)
    built = built.datasource(DataSourceRef(type_val=kind, uid=kind))
    built = built.span(panel.width).height(panel.height)
    built = built.links([link(panel.next_uid, f"Next: {panel.next_uid}")])
    for position, (legend, expression) in enumerate(panel.queries):
        built = built.with_target(_target(panel, chr(ord("A") + position), legend, expression))
    return built


def _target(panel: Panel, ref: str, legend: str, expression: str) -> Any:
    if panel.look == "logs":
        return loki.Dataquery().expr(expression).ref_id(ref).max_lines(200)
    query = prometheus.Dataquery().expr(expression).ref_id(ref).legend_format(legend)
    if panel.look == "timeseries":
        return query.range().exemplar(True)
    return query.instant()
