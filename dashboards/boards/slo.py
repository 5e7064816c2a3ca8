"""SLO: objectives, how fast their budgets burn, what is left."""

from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel

_CHOSEN = f'{q.SERVICE}=~"$service",slo=~"$slo"'

SLO = Board(
    "SLO",
    (
        Panel("Burn rate", "Share of bad requests over what the objective allows; 1 spends the "
              "budget on time. Alerts compare a short and a long window.", "short", "clew-service",
              tuple((f"{{{{slo}}}} {window}", q.burn(window, _CHOSEN))
                    for window in ("5m", "1h", "6h", "3d")), width=24),
        Panel("Error budget left", "1 is untouched, 0 is spent; of as long a time as the longest "
              "window.", "percentunit", "clew-service",
              (("{{slo}}", f"slo:error_budget_remaining:ratio{{{_CHOSEN}}}"),)),
        Panel("Bad requests", "Share over five minutes.", "percentunit", "clew-service",
              (("{{slo}}", f"slo:errors_ratio:rate5m{{{_CHOSEN}}}"),)),
        Panel("Objectives", "What was promised: alerts/slo.yaml.", "percentunit", "clew-service",
              (("{{slo}}", f"slo:objective:ratio{{{_CHOSEN}}}"),), "table", 12, 9),
        Panel("Errors", "Log lines of the services that are shown.", "short", "clew-follow",
              (("", q.logs(f'{q.SERVICE}=~"$service"', '| severity_text=~"ERROR|FATAL"')),),
              "logs", 12, 9, source="loki"),
    ),
    ("service", "slo"),
)  # fmt: skip
