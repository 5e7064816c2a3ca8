"""Alerts on what the shop does beside requests: breakers, sagas, events, queues."""

from __future__ import annotations

from alerts._model import Alert, Scale
from alerts.catalogue._ranges import grew


def shop_alerts(s: Scale) -> list[Alert]:
    """By the shop's own metrics (demo_services/shared/names.py)."""
    w = s.window(300)
    return [
        Alert(
            "BreakerOpen",
            "max by (service_name, shop_downstream) (shop_breaker_state) == 2",
            "{{ $labels.service_name }} has given up on {{ $labels.shop_downstream }}",
            "Its circuit breaker is open: calls fail at once, and are tried again now and then.",
            severity="page",
            lasting_s=60,
            board="clew-messages",
            logs='{service_name=~"{{ $labels.service_name }}|{{ $labels.shop_downstream }}"} '
            '| severity_text=~"WARN|ERROR|FATAL"',
        ),
        Alert(
            "OrdersCompensated",
            f"sum by (service_name) (rate(shop_saga_compensations_total[{w}])) "
            f"> 0.2 * sum by (service_name) (rate(shop_orders_total[{w}]))",
            "One order of five or more is undone",
            '{{ $value | printf "%.2f" }} steps of sagas are compensated a second.',
            lasting_s=120,
            board="clew-messages",
            traces="any",
        ),
        Alert(
            "EventsWaiting",
            "max by (service_name) (shop_outbox_waiting) > 20",
            "Events of {{ $labels.service_name }} don't reach the broker",
            "{{ $value }} wait in its outbox: nobody is told of these orders.",
            lasting_s=120,
            board="clew-messages",
            traces="any",
        ),
        Alert(
            "QueueAging",
            "max by (service_name, shop_queue) (shop_queue_age_seconds) "
            f"> {s.seconds(120)} and max by (service_name, shop_queue) (shop_queue_depth) > 0",
            "Messages wait too long in the queue {{ $labels.shop_queue }}",
            "The one that {{ $labels.service_name }} took last had waited "
            "{{ $value | humanizeDuration }}: more come than it can handle.",
            lasting_s=60,
            board="clew-messages",
            traces="slow",
        ),
        Alert(
            "MessagesParked",
            grew('shop_messages_total{shop_outcome="parked"}', "service_name, shop_queue", w),
            "{{ $labels.service_name }} can't read messages of {{ $labels.shop_queue }}",
            '{{ $value | printf "%.0f" }} were parked within '
            f"{w}; they wait in a queue of dead.",
            board="clew-messages",
            traces="any",
        ),
    ]
