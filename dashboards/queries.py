"""The boards' queries as named functions: PromQL and LogQL over one module of names."""

from __future__ import annotations

from clew import _names as n
from dashboards.prometheus_names import Kind, label, metric
from demo_services.shared import names as shop

SERVICE = label(n.SERVICE_NAME)
INSTANCE = label(n.SERVICE_INSTANCE_ID)
ROUTE = label(n.HTTP_ROUTE)
STATUS = label(n.HTTP_RESPONSE_STATUS_CODE)
VERSION = "service_version"
SERVER = metric(n.HTTP_SERVER_REQUEST_DURATION, "s", "histogram")
CLIENT = metric(n.HTTP_CLIENT_REQUEST_DURATION, "s", "histogram")
RATE = "$__rate_interval"
# Jaeger is made of the same parts, and has metrics of the same names.
_COLLECTOR = 'job="clew-collector"'
_CHOSEN = f'{SERVICE}=~"$service",{ROUTE}=~"$route"'


def requests(by: str = ROUTE, where: str = _CHOSEN) -> str:
    """Return requests a second."""
    return f"sum by ({by}) (rate({SERVER}_count{{{where}}}[{RATE}]))"


def errors(by: str = ROUTE, where: str = _CHOSEN) -> str:
    """Return the share of requests answered with 5xx, 0 where there are none."""
    failed = f'sum by ({by}) (rate({SERVER}_count{{{where},{STATUS}=~"5.."}}[{RATE}]))'
    total = requests(by, where)
    return f"({failed} or 0 * {total}) / {total}"


def duration(quantile: float, by: str = ROUTE, where: str = _CHOSEN, base: str = SERVER) -> str:
    """Return a quantile of the duration in seconds."""
    rate = f"sum by (le,{by}) (rate({base}_bucket{{{where}}}[{RATE}]))"
    return f"histogram_quantile({quantile}, {rate})"


def calls(by: str, where: str) -> str:
    """Return calls to other services a second."""
    return f"sum by ({by}) (rate({CLIENT}_count{{{where}}}[{RATE}]))"


def rate(name: str, unit: str, by: str, where: str = "") -> str:
    """Return a counter's increase a second."""
    return f"sum by ({by}) (rate({metric(name, unit, 'counter')}{{{where}}}[{RATE}]))"


def level(name: str, unit: str, by: str, where: str = "", kind: Kind = "gauge") -> str:
    """Return the largest value of a gauge by labels."""
    return f"max by ({by}) ({metric(name, unit, kind)}{{{where}}})"


def total(name: str, unit: str, by: str) -> str:
    """Return the sum of a gauge by labels."""
    return f"sum by ({by}) ({metric(name, unit, 'gauge')})"


def share(part: str, whole: str, by: str, where: str) -> str:
    """Return the largest share that one gauge without unit is of another."""
    taken, there = (f"{metric(name, '', 'gauge')}{{{where}}}" for name in (part, whole))
    return f"max by ({by}) ({taken} / ({there} > 0))"


def spent(name: str, by: str, where: str) -> str:
    """Return the seconds of each second that a histogram of seconds has summed up."""
    return f"sum by ({by}) (rate({metric(name, 's', 'histogram')}_sum{{{where}}}[{RATE}]))"


def quantile_of(name: str, quantile: float, by: str, where: str) -> str:
    """Return a quantile of a histogram in seconds."""
    return duration(quantile, by, where, metric(name, "s", "histogram"))


def logs(where: str, then: str = "") -> str:
    """Return the log lines of the streams `where`, filtered by `then`."""
    return f"{{{where}}}{' ' + then if then else ''}"


def followed() -> str:
    """Return every service's log lines of the correlation id in the text box."""
    return logs(f'{SERVICE}=~".+"', f'| {n.CORRELATION_ID}="$correlation_id"')


def spans_of_id() -> str:
    """Return how many lines each span of the correlation id wrote, by trace and service."""
    by = f"{n.LOG_TRACE_ID}, {n.LOG_SPAN_ID}, {SERVICE}"
    return f"sum by ({by}) (count_over_time({followed()} [$__range]))"


def firing(where: str = "") -> str:
    """Return 1 for each alert that fires."""
    more = f",{where}" if where else ""
    return f'ALERTS{{alertstate="firing"{more}}}'


def new_versions(where: str = "") -> str:
    """Return the versions of services that were not there two minutes ago."""
    sent = metric(n.EXPORT_SENT, "{item}", "counter")
    by = f"count by ({SERVICE}, {VERSION})"
    return f"{by} ({sent}{{{where}}}) unless {by} ({sent}{{{where}}} offset 2m)"


def silence(where: str = "") -> str:
    """Return seconds since the newest sample of each service."""
    sent = metric(n.EXPORT_SENT, "{item}", "counter")
    return f"time() - max by ({SERVICE}) (timestamp({sent}{{{where}}}))"


def certificate(where: str = "") -> str:
    """Return seconds until the certificate of each endpoint ends, as each service has seen it."""
    end = metric(n.EXPORT_CERTIFICATE_NOT_AFTER, "s", "gauge")
    by = f"{SERVICE},{label(n.SERVER_ADDRESS)},{label(n.SERVER_PORT)}"
    return f"min by ({by}) ({end}{{{where}}}) - time()"


def workers(where: str) -> str:
    """Return how many processes of a service send telemetry."""
    sent = metric(n.EXPORT_SENT, "{item}", "counter")
    return f"count by ({SERVICE}) (count by ({SERVICE}, {INSTANCE}) ({sent}{{{where}}}))"


def active(where: str) -> str:
    """Return requests in work."""
    name = metric(n.HTTP_SERVER_ACTIVE_REQUESTS, "{request}", "gauge")
    return f"sum by ({SERVICE}) ({name}{{{where}}})"


def burn(window: str, where: str = "") -> str:
    """Return how many times too fast error budgets are spent, over a window of alerts/slo.yaml."""
    allowed = f"(1 - slo:objective:ratio{{{where}}})"
    return f"slo:errors_ratio:rate{window}{{{where}}} / on ({SERVICE}, {ROUTE}, slo) {allowed}"


def collector(stage: str, items: str) -> str:
    """Return the collector's items a second; `stage` as its own metrics name it."""
    return f"sum(rate(otelcol_{stage}_{items}_total{{{_COLLECTOR}}}[{RATE}]))"


def collector_queue() -> str:
    """Return how full the collector's queue for each store is."""
    size, room = "otelcol_exporter_queue_size", "otelcol_exporter_queue_capacity"
    return f"max by (exporter, data_type) ({size} / ({room} > 0))"


def reconciled(signal: str, items: str, window: str = "10m") -> tuple[str, str, str]:
    """Return what was made, stored and dropped of a signal over a window, in items.

    Of metrics, what the collector accepted stands for what was made.
    """
    where = f'{{{label(n.SIGNAL)}="{signal}"}}'

    def grown(name: str) -> str:
        return f"(sum(increase({name}[{window}])) or vector(0))"

    dropped = grown(metric(n.EXPORT_DROPPED, "{item}", "counter") + where)
    made = f"{grown(metric(n.EXPORT_SENT, '{item}', 'counter') + where)} + {dropped}"
    own = f"{{{_COLLECTOR}}}"
    stored = grown(f"otelcol_exporter_sent_{items}_total{own}")
    refused = grown(f"otelcol_exporter_send_failed_{items}_total{own}")
    if signal == "metrics":  # services count exports, the collector counts points
        return grown(f"otelcol_receiver_accepted_{items}_total{own}"), stored, refused
    return made, stored, f"{dropped} + {refused}"


QUEUE, OUTCOME, STEP = (label(x) for x in (shop.QUEUE, shop.OUTCOME, shop.STEP))
DOWNSTREAM = label(shop.DOWNSTREAM)
