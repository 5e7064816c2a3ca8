"""One panel's facts, and how Grafana's own types are built from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from grafana_foundation_sdk.builders import (
    dashboard,
    logs,
    loki,
    nodegraph,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards._jaeger import dependencies, search

Look = Literal["timeseries", "stat", "table", "logs", "nodegraph"]
Source = Literal["prometheus", "loki", "jaeger"]
_BUILDERS: dict[str, Any] = {
    "timeseries": timeseries.Panel,
    "stat": stat.Panel,
    "table": table.Panel,
    "logs": logs.Panel,
    "nodegraph": nodegraph.Panel,
}
_LOG_LINES = 200


@dataclass(frozen=True)
class Panel:
    """What a panel shows, why, in which unit (Grafana's unit id), and where one looks next.

    `queries` are (legend, expression) pairs; `next_uid` is the board that the panel's link opens,
    `row_url` what a click on a row or value opens. `limits` are the values from which it is amber,
    and red; below which, if the first is larger.
    """

    title: str
    about: str
    unit: str
    next_uid: str
    queries: tuple[tuple[str, str], ...]
    look: Look = "timeseries"
    width: int = 12
    height: int = 8
    source: Source = "prometheus"
    row_url: str = ""
    limits: tuple[float, float] | None = None


def link(uid: str, title: str) -> dashboard.DashboardLink:
    """Return a link to another board that keeps the time range and the variables."""
    url = f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}"
    return dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(url)


def build(panel: Panel) -> Any:
    """Return the SDK's builder of a panel."""
    built = _BUILDERS[panel.look]().title(panel.title).description(panel.about).unit(panel.unit)
    built = built.datasource(DataSourceRef(type_val=panel.source, uid=panel.source))
    built = built.span(panel.width).height(panel.height)
    built = built.links([link(panel.next_uid, f"Next: {panel.next_uid}")])
    if panel.row_url:
        opens = dashboard.DashboardLink("Look closer").type(DashboardLinkType.LINK)
        built = built.data_links([opens.url(panel.row_url)])
    if panel.limits:
        built = built.thresholds(_thresholds(*panel.limits))
    for position, (legend, expression) in enumerate(panel.queries):
        built = built.with_target(_target(panel, chr(ord("A") + position), legend, expression))
    return built


def _thresholds(amber: float, red: float) -> dashboard.ThresholdsConfig:
    if amber < red:
        steps = [Threshold(None, "green"), Threshold(amber, "orange"), Threshold(red, "red")]
    else:
        steps = [Threshold(None, "red"), Threshold(red, "orange"), Threshold(amber, "green")]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _target(panel: Panel, ref: str, legend: str, expression: str) -> Any:
    if panel.source == "jaeger":
        return dependencies(ref) if panel.look == "nodegraph" else search(ref, expression)
    if panel.source == "loki":
        query = loki.Dataquery().expr(expression).ref_id(ref)
        if panel.look == "logs":
            return query.max_lines(_LOG_LINES)
        return query.query_type("instant")
    asked = prometheus.Dataquery().expr(expression).ref_id(ref).legend_format(legend)
    if panel.look == "timeseries":
        return asked.range().exemplar(True)
    if panel.look == "table":
        return asked.instant().format(PromQueryFormat.TABLE)
    return asked.instant()
