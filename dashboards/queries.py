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


def quantile_of(name: str, quantile: float, by: str, where: str) -> str:
    """Return a quantile of a histogram in seconds."""
    return duration(quantile, by, where, metric(name, "s", "histogram"))


def logs(where: str, then: str = "") -> str:
    """Return the log lines of the streams `where`, filtered by `then`."""
    return f"{{{where}}}{' ' + then if then else ''}"


def followed() -> str:
    """Return every service's log lines of the correlation id in the text box."""
    return logs(f'{SERVICE}=~".+"', f'| {n.CORRELATION_ID}="$correlation_id"')


QUEUE, OUTCOME, STEP = (label(x) for x in (shop.QUEUE, shop.OUTCOME, shop.STEP))
DOWNSTREAM = label(shop.DOWNSTREAM)
