"""Start here: what is broken now, and where to go from it."""

from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel

_ANY = f'{q.SERVICE}=~".+"'
_LEGEND = f"{{{{{q.SERVICE}}}}}"
_TO_SERVICE = "/d/clew-service?${__url_time_range}&var-service=${__field.labels.service_name}"
_ROW_TO_SERVICE = "/d/clew-service?${__url_time_range}&var-service=${__data.fields.service_name}"

START = Board(
    "Start here",
    (
        Panel("Firing alerts", "Every alert that fires now. A row opens its service.",
              "short", "clew-slo",
              (("", f"count by (alertname, severity, {q.SERVICE}, slo) ({q.firing()})"),),
              "table", 24, 7, row_url=_ROW_TO_SERVICE),
        Panel("Errors by service", "Share of requests answered with 5xx; the worst first.",
              "percentunit", "clew-service",
              ((_LEGEND, f"sort_desc({q.errors(q.SERVICE, _ANY)})"),), "stat", 8, 6,
              row_url=_TO_SERVICE, limits=(0.01, 0.05)),
        Panel("Budget burn, last hour", "1 spends the error budget just in time; from 14.4 on "
              "somebody is paged.", "short", "clew-slo",
              (("{{slo}}", f"sort_desc({q.burn('1h')})"),), "stat", 8, 6, limits=(1, 14.4)),
        Panel("Error budget left", "1 is untouched, 0 is spent.", "percentunit", "clew-slo",
              (("{{slo}}", "sort(slo:error_budget_remaining:ratio)"),), "stat", 8, 6,
              limits=(0.5, 0)),
        Panel("Requests", "Requests a second by service.", "reqps", "clew-service",
              ((_LEGEND, q.requests(q.SERVICE, _ANY)),), width=8, row_url=_TO_SERVICE),
        Panel("95th percentile", "Nineteen of twenty requests are faster; a dot is a trace.", "s",
              "clew-service", ((_LEGEND, q.duration(0.95, q.SERVICE, _ANY)),), width=8,
              row_url=_TO_SERVICE),
        Panel("Seconds since a service was heard", "Of each service the newest of its metrics. "
              "Two minutes are a page.", "s", "clew-pipeline",
              ((_LEGEND, f"sort_desc({q.silence()})"),), "stat", 8, row_url=_TO_SERVICE,
              limits=(60, 120)),
        Panel("Newest errors", "Log lines of ERROR and worse, of every service; each opens its "
              "trace, and all lines of its correlation id.", "short", "clew-follow",
              (("", q.logs(_ANY, '| severity_text=~"ERROR|FATAL"')),), "logs", 24, 9,
              source="loki"),
    ),
)  # fmt: skip
