"""Python runtime: what the processes of a service do beside requests."""

from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel

_ONE = f'{q.SERVICE}=~"$service"'

RUNTIME = Board(
    "Python runtime",
    (
        Panel("Workers", "Processes that send telemetry, by service.", "short", "clew-service",
              (("{{service_name}}", q.workers(_ONE)),), width=8),
    ),
    ("service",),
)  # fmt: skip
