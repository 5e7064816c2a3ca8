"""Service: one service's requests, errors with their lines beside, versions, dependencies."""

from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel

_ONE = f'{q.SERVICE}=~"$service"'
_ADDRESS = "server_address,server_port"
_TO = "{{server_address}}:{{server_port}}"
_BY_VERSION = f"{q.SERVICE},{q.VERSION}"
_VERSION_LEGEND = f"{{{{{q.SERVICE}}}}} {{{{{q.VERSION}}}}}"

SERVICE = Board(
    "Service",
    (
        Panel("Requests by route", "Requests a second.", "reqps", "clew-slo",
              (("{{http_route}}", q.requests()),), width=8),
        Panel("Duration by route", "95th percentile; a dot is an exemplar and opens its trace.",
              "s", "clew-follow", (("{{http_route}}", q.duration(0.95)),), width=8),
        Panel("In work", "Requests that have come and are not answered yet.", "short",
              "clew-runtime", (("{{service_name}}", q.active(_ONE)),), width=8, limits=(25, 50)),
        Panel("Errors by route", "Share of requests answered with 5xx.", "percentunit",
              "clew-slo", (("{{http_route}}", q.errors()),), width=10, height=10),
        Panel("Warnings and errors", "Log lines of the service; each opens its trace, and all "
              "lines of its correlation id.", "short", "clew-follow",
              (("", q.logs(_ONE, '| severity_text=~"WARN.*|ERROR|CRITICAL|FATAL"')),),
              "logs", 14, 10, source="loki"),
        Panel("Versions: requests", "Requests a second by service.version.", "reqps", "clew-slo",
              ((_VERSION_LEGEND, q.requests(_BY_VERSION, _ONE)),), width=8),
        Panel("Versions: errors", "Share of 5xx by service.version.", "percentunit", "clew-slo",
              ((_VERSION_LEGEND, q.errors(_BY_VERSION, _ONE)),), width=8),
        Panel("Versions: duration", "95th percentile by service.version.", "s", "clew-runtime",
              ((_VERSION_LEGEND, q.duration(0.95, _BY_VERSION, _ONE)),), width=8),
        Panel("Calls to others", "Client calls a second by address and status.", "reqps",
              "clew-messages",
              ((f"{_TO} {{{{http_response_status_code}}}}",
                q.calls(f"{_ADDRESS},{q.STATUS}", _ONE)),), width=8),
        Panel("Calls to others: duration", "95th percentile by address: is the cause behind it?",
              "s", "clew-messages",
              ((_TO, q.duration(0.95, _ADDRESS, _ONE, q.CLIENT)),), width=8),
        Panel("Who calls whom", "Up and down, of all services, from the traces.", "short",
              "clew-follow", (("", ""),), "nodegraph", 8, 8, source="jaeger"),
    ),
    ("service", "route"),
)  # fmt: skip
