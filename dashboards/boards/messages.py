"""Messages and sagas: queues, events, orders, breakers."""

from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel
from demo_services.shared import names as shop

_ONE = f'{q.SERVICE}=~"$service"'
_LINES = '| severity_text=~"WARN|ERROR|FATAL"'

MESSAGES = Board(
    "Messages and sagas",
    (
        Panel("Waiting in queues", "Messages, as their consumer counts them.", "short",
              "clew-service",
              (("{{shop_queue}}", q.level(shop.QUEUE_DEPTH, "{message}", q.QUEUE)),), width=8),
        Panel("Age", "How long the message that was taken last had waited.", "s", "clew-service",
              (("{{shop_queue}}", q.level(shop.QUEUE_AGE, "s", q.QUEUE)),), width=8,
              limits=(60, 120)),
        Panel("Outbox", "Events that the broker has not taken.", "short", "clew-service",
              (("{{service_name}}", q.level(shop.OUTBOX, "{message}", q.SERVICE, _ONE)),), width=8,
              limits=(10, 20)),
        Panel("Messages", "Handled, retried, parked, a second.", "cps", "clew-service",
              (("{{shop_queue}} {{shop_outcome}}",
                q.rate(shop.MESSAGES, "{message}", f"{q.QUEUE},{q.OUTCOME}")),), width=8),
        Panel("Redeliveries", "Messages that came again, or were tried again, a second.", "cps",
              "clew-follow",
              (("{{shop_queue}} {{shop_outcome}}",
                q.rate(shop.MESSAGES, "{message}", f"{q.QUEUE},{q.OUTCOME}",
                       f'{q.OUTCOME}=~"retried|duplicate"')),), width=8),
        Panel("Breakers", "0 closed, 1 half-open, 2 open.", "short", "clew-service",
              (("{{service_name}} to {{shop_downstream}}",
                q.level(shop.BREAKER_STATE, "", f"{q.SERVICE},{q.DOWNSTREAM}", _ONE)),), width=8,
              limits=(1, 2)),
        Panel("Orders", "Confirmed and cancelled, a second.", "cps", "clew-slo",
              (("{{shop_outcome}}", q.rate(shop.ORDERS, "{order}", q.OUTCOME)),), width=8),
        Panel("Compensations", "Saga steps undone a second.", "cps", "clew-follow",
              (("{{shop_step}}", q.rate(shop.COMPENSATIONS, "{step}", q.STEP)),), width=8),
        Panel("Unfinished orders", "Neither confirmed nor cancelled yet.", "short", "clew-service",
              (("{{service_name}}", q.level(shop.UNFINISHED, "{order}", q.SERVICE)),), width=8),
        Panel("Tried again, not tried, done without", "Calls a second: retries, rejected by an "
              "open breaker, and answers given without the other's part.", "cps", "clew-service",
              (("retried: {{shop_downstream}}", q.rate(shop.RETRIES, "{retry}", q.DOWNSTREAM)),
               ("not tried: {{shop_downstream}}",
                q.rate(shop.BREAKER_REJECTIONS, "{call}", q.DOWNSTREAM)),
               ("done without: {{shop_downstream}}",
                q.rate(shop.DEGRADED, "{answer}", q.DOWNSTREAM))), width=8, height=9),
        Panel("What they say", "Warnings and errors of the services that are chosen.",
              "short", "clew-follow",
              (("", q.logs(_ONE, _LINES)),),
              "logs", 16, 9, source="loki"),
    ),
    ("service",),
)  # fmt: skip
