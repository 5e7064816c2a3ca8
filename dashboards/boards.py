"""The boards that exist so far, in the order in which an engineer on call meets them."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from clew import _names as n
from dashboards import queries as q
from dashboards._panel import Panel, build, link
from demo_services.shared import names as shop

_S, _ALL = q.SERVICE, f'{q.SERVICE}=~".+"'
_ONE = f'{_S}=~"$service"'

START = (
    Panel("Firing alerts", "Every alert that fires now.", "short", "clew-slo",
          (("", 'count by (alertname, severity, service_name) (ALERTS{alertstate="firing"})'),),
          "table", 24, 6),
    Panel("Errors by service", "Share of 5xx; the worst service first.", "percentunit",
          "clew-service", (("{{service_name}}", f"sort_desc({q.errors(_S, _ALL)})"),), "stat"),
    Panel("Error budget left", "1 is untouched, 0 is spent.", "percentunit", "clew-slo",
          (("{{service_name}} {{slo}}", "slo:error_budget_remaining:ratio"),), "stat"),
    Panel("Requests", "Requests a second by service.", "reqps", "clew-service",
          (("{{service_name}}", q.requests(_S, _ALL)),)),
    Panel("95th percentile", "Nineteen of twenty requests are faster.", "s", "clew-service",
          (("{{service_name}}", q.duration(0.95, _S, _ALL)),)),
)  # fmt: skip
SERVICE = (
    Panel("Requests by route", "Requests a second.", "reqps", "clew-follow",
          (("{{http_route}}", q.requests()),), width=8),
    Panel("Errors by route", "Share of 5xx.", "percentunit", "clew-follow",
          (("{{http_route}}", q.errors()),), width=8),
    Panel("Duration by route", "95th percentile; a dot is a trace in Jaeger.", "s", "clew-follow",
          (("{{http_route}}", q.duration(0.95)),), width=8),
    Panel("Versions: errors", "Share of 5xx by service.version.", "percentunit", "clew-slo",
          (("{{service_version}}", q.errors(q.VERSION)),)),
    Panel("Calls to others", "Client calls a second by address and status.", "reqps",
          "clew-messages", (("{{server_address}}:{{server_port}} {{http_response_status_code}}",
          q.calls("server_address,server_port,http_response_status_code", _ONE)),)),
    Panel("Warnings and errors", "Log lines of the service; each opens its trace.", "short",
          "clew-follow", (("", q.logs(_ONE, '| severity_text=~"WARN.*|ERROR|CRITICAL|FATAL"')),),
          "logs", 24, 10),
)  # fmt: skip
FOLLOW = (
    Panel("Log lines of the id", "Every service's lines, with links to the traces.", "short",
          "clew-service", (("", q.followed()),), "logs", 24, 16),
)  # fmt: skip
MESSAGES = (
    Panel("Messages", "Handled, retried, parked, a second.", "cps", "clew-service",
          (("{{shop_queue}} {{shop_outcome}}",
            q.rate(shop.MESSAGES, "{message}", f"{q.QUEUE},{q.OUTCOME}")),)),
    Panel("Outbox waiting", "Events that the broker has not taken.", "short", "clew-service",
          (("{{service_name}}", q.level(shop.OUTBOX, "{message}", _S)),)),
    Panel("Compensations", "Saga steps undone a second.", "cps", "clew-follow",
          (("{{shop_step}}", q.rate(shop.COMPENSATIONS, "{step}", q.STEP)),)),
    Panel("Breakers", "0 closed, 1 half-open, 2 open.", "short", "clew-service",
          (("{{service_name}} to {{shop_downstream}}",
            q.level(shop.BREAKER_STATE, "", f"{_S},{q.DOWNSTREAM}")),)),
)  # fmt: skip
PIPELINE = (
    Panel("Sent by services", "Items a second that the endpoint accepted.", "cps", "clew-service",
          (("{{service_name}} {{clew_signal}}",
            q.rate(n.EXPORT_SENT, "{item}", f"{_S},clew_signal")),)),
    Panel("Dropped by services", "Items a second that will not arrive.", "cps", "clew-service",
          (("{{service_name}} {{clew_signal}} {{clew_reason}}",
            q.rate(n.EXPORT_DROPPED, "{item}", f"{_S},clew_signal,clew_reason")),)),
    Panel("Queued in memory", "Bytes not yet accepted.", "bytes", "clew-service",
          (("{{service_name}}", q.level(n.EXPORT_QUEUED, "By", _S)),)),
    Panel("Spooled on disk", "Bytes not yet accepted.", "bytes", "clew-service",
          (("{{service_name}}", q.level(n.EXPORT_SPOOLED, "By", _S)),)),
)  # fmt: skip
PIPELINE += (
    Panel("Accepted by the collector", "Items a second, by signal.", "cps", "clew-hosts",
          tuple((signal, f"sum(rate(otelcol_receiver_accepted_{signal}_total[{q.RATE}]))")
                for signal in ("spans", "metric_points", "log_records"))),
    Panel("Refused by the collector", "Items a second; the sender keeps them and asks again.", "cps",
          "clew-hosts",
          tuple((signal, f"sum(rate(otelcol_receiver_refused_{signal}_total[{q.RATE}]))")
                for signal in ("spans", "metric_points", "log_records"))),
    Panel("Queues of the collector", "How full the queue for each store is; on disk.",
          "percentunit", "clew-hosts", (("{{exporter}} {{data_type}}",
          "max by (exporter, data_type) (otelcol_exporter_queue_size "
          "/ (otelcol_exporter_queue_capacity > 0))"),)),
    Panel("Sent to the stores", "Items a second that a store has taken.", "cps", "clew-hosts",
          tuple((signal, f"sum(rate(otelcol_exporter_sent_{signal}_total[{q.RATE}]))")
                for signal in ("spans", "metric_points", "log_records"))),
    Panel("Spans: sent by services, and stored", "The two lines lie on each other: what is between "
          "them waits in a queue. A service's count of drops is above.", "short", "clew-service",
          (("sent by services", "sum(increase(clew_export_sent_total{clew_signal=\"traces\"}[10m]))"),
           ("stored", "sum(increase(otelcol_exporter_sent_spans_total[10m]))"))),
    Panel("Seconds since the newest sample", "End-to-end delay of each service's metrics; its "
          "export interval is in it.", "s", "clew-service", (("{{service_name}}",
          "time() - max by (service_name) (timestamp(clew_export_sent_total))"),)),
)  # fmt: skip
HOSTS = (
    Panel("CPU", "Share that is not idle, all CPUs of a host.", "percentunit", "clew-service",
          (("{{host_name}}",
            '1 - avg by (host_name) (system_cpu_utilization_ratio{state="idle"})'),)),
    Panel("CPU by kind of work", "Shares; iowait and steal are waiting.", "percentunit",
          "clew-service", (("{{host_name}} {{state}}",
          'avg by (host_name, state) (system_cpu_utilization_ratio{state!="idle"})'),)),
    Panel("Memory", "Shares by state; used is what programs hold.", "percentunit", "clew-service",
          (("{{host_name}} {{state}}",
            "max by (host_name, state) (system_memory_utilization_ratio)"),)),
    Panel("File systems", "Share that is used. Queues, spools and stores need room.", "percentunit",
          "clew-pipeline", (("{{host_name}} {{mountpoint}}",
          "max by (host_name, mountpoint) (system_filesystem_utilization_ratio)"),)),
    Panel("Network", "Bytes a second, by direction.", "Bps", "clew-service",
          (("{{host_name}} {{direction}}",
            f"sum by (host_name, direction) (rate(system_network_io_bytes_total[{q.RATE}]))"),)),
    Panel("Load", "Processes that run or wait to run, one minute's mean.", "short", "clew-service",
          (("{{host_name}}", "max by (host_name) (system_cpu_load_average_1m)"),)),
    Panel("Disk", "Bytes a second, by direction.", "Bps", "clew-pipeline",
          (("{{host_name}} {{direction}}",
            f"sum by (host_name, direction) (rate(system_disk_io_bytes_total[{q.RATE}]))"),)),
)  # fmt: skip
SLO = (
    Panel("Burn rate", "Error ratio over what the objective allows; 1 spends the budget on time.",
          "short", "clew-service", tuple((f"{{{{service_name}}}} {{{{slo}}}} {w}",
          f'slo:errors_ratio:rate{w}{{{_ONE}}} / on (service_name, slo) '
          f'(1 - slo:objective:ratio{{{_ONE}}})') for w in ("5m", "1h", "6h", "3d")), width=24),
    Panel("Error budget left", "1 is untouched, 0 is spent; of as long a time as the longest "
          "window.", "percentunit", "clew-service",
          (("{{slo}}", f"slo:error_budget_remaining:ratio{{{_ONE}}}"),)),
    Panel("Bad requests", "Share over five minutes.", "percentunit", "clew-service",
          (("{{slo}}", f"slo:errors_ratio:rate5m{{{_ONE}}}"),)),
)  # fmt: skip

BOARDS: dict[str, tuple[str, tuple[Panel, ...], tuple[str, ...]]] = {
    "clew-start": ("Start here", START, ()),
    "clew-service": ("Service", SERVICE, ("service", "route")),
    "clew-follow": ("Follow an id", FOLLOW, ("correlation_id",)),
    "clew-messages": ("Messages and sagas", MESSAGES, ()),
    "clew-hosts": ("Hosts", HOSTS, ()),
    "clew-pipeline": ("Pipeline", PIPELINE, ()),
    "clew-slo": ("SLO", SLO, ("service",)),
}


def board(uid: str) -> Any:
    """Return a board in the SDK's types."""
    title, panels, variables = BOARDS[uid]
    made = dashboard.Dashboard(title).uid(uid).tags(["clew"]).readonly().refresh("30s")
    made = made.time("now-1h", "now").links([link(other, BOARDS[other][0]) for other in BOARDS])
    for name in variables:
        made = made.with_variable(_variable(name))
    for panel in panels:
        made = made.with_panel(build(panel))
    return made.build()


def _variable(name: str) -> Any:
    if name == "correlation_id":
        return dashboard.TextBoxVariable(name)
    where = f"{{{_ONE}}}" if name == "route" else ""
    label = q.ROUTE if name == "route" else _S
    query = f"label_values({q.SERVER}_count{where}, {label})"
    source = DataSourceRef(type_val="prometheus", uid="prometheus")
    made = dashboard.QueryVariable(name).query(query).datasource(source).include_all(True)
    return made.all_value(".+").multi(True)
