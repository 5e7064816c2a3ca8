"""For each alert of Prometheus: series that must fire it, and series just below, in three phases.

A series is (selector, below, firing): what it is in the first and third phase, and in the second. A
number is a gauge's value; `Rate` is a counter's increase a second; `GONE` is no sample at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GONE = None


@dataclass(frozen=True)
class Rate:
    """A counter's increase a second."""

    a_second: float


Level = float | Rate | None


@dataclass(frozen=True)
class Case:
    """`labels` are those that the alert must have. Phases last `phase` minutes."""

    series: list[tuple[str, Level, Level]]
    labels: dict[str, str] = field(default_factory=dict)
    phase: int = 40


_COUNT = "http_server_request_duration_seconds_count"
_BUCKET = "http_server_request_duration_seconds_bucket"
_USERS = {"service_name": "users"}


def _requests(status: str, below: float, firing: float, **more: str) -> tuple[str, Level, Level]:
    labels = {"service_name": "users", "http_response_status_code": status, **more}
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return (f"{_COUNT}{{{inside}}}", Rate(below), Rate(firing))


def _burn(name: str, below: float, firing: float, phase: int) -> Case:
    """Of users-availability, objective 99.5 %: shares of bad requests."""
    return Case(
        [_requests("200", 1 - below, 1 - firing), _requests("500", below, firing)],
        {"service_name": "users", "slo": "users-availability"},
        phase,
    )


CASES: dict[str, Case] = {
    # 4.9 % and 5.2 % of the requests fail.
    "ErrorRateHigh": Case([_requests("200", 0.951, 0.948), _requests("500", 0.049, 0.052)], _USERS),
    # Of 100 requests 96, or 94, take less than a second.
    "LatencyHigh": Case(
        [
            (f'{_BUCKET}{{service_name="users",le="1"}}', Rate(0.96), Rate(0.94)),
            (f'{_BUCKET}{{service_name="users",le="2.5"}}', Rate(1), Rate(1)),
            (f'{_BUCKET}{{service_name="users",le="+Inf"}}', Rate(1), Rate(1)),
        ],
        _USERS,
    ),
    "RequestsPilingUp": Case(
        [
            ('http_server_active_requests{service_name="users",i="1"}', 25, 26),
            ('http_server_active_requests{service_name="users",i="2"}', 25, 25),
        ],
        _USERS,
    ),
    "RequestsSurged": Case([_requests("200", 1, 3.5)], _USERS, 12),
    "RequestsDropped": Case([_requests("200", 2, 0.5)], _USERS, 12),
    "ServiceSilent": Case(
        [('clew_export_sent_total{service_name="users",service_instance_id="a"}', 1, GONE)],
        _USERS,
    ),
    "InstanceGone": Case(
        [
            ('clew_export_sent_total{service_name="users",service_instance_id="a"}', 1, 1),
            ('clew_export_sent_total{service_name="users",service_instance_id="b"}', 1, GONE),
        ],
        _USERS,
        20,
    ),
    "BreakerOpen": Case(
        [('shop_breaker_state{service_name="orders",shop_downstream="payments"}', 1, 2)],
        {"service_name": "orders", "shop_downstream": "payments"},
    ),
    "OrdersCompensated": Case(
        [
            ('shop_saga_compensations_total{service_name="orders"}', Rate(0.19), Rate(0.21)),
            ('shop_orders_total{service_name="orders"}', Rate(1), Rate(1)),
        ],
        {"service_name": "orders"},
    ),
    "EventsWaiting": Case(
        [('shop_outbox_waiting{service_name="orders"}', 20, 21)], {"service_name": "orders"}
    ),
    "MessagesParked": Case(
        [
            (
                'shop_messages_total{service_name="inventory",shop_queue="inventory",'
                'shop_outcome="parked"}',
                Rate(0),
                Rate(0.01),
            ),
            (
                'shop_messages_total{service_name="inventory",shop_queue="inventory",'
                'shop_outcome="handled"}',
                Rate(5),
                Rate(5),
            ),
        ],
        {"service_name": "inventory", "shop_queue": "inventory"},
    ),
    "CollectorSilent": Case(
        [('otelcol_process_uptime_seconds_total{job="clew-collector"}', 1, GONE)],
        {"job": "clew-collector"},
    ),
    "BackendDown": Case(
        [
            ('up{job="loki"}', 1, 0),
            ('otelcol_process_uptime_seconds_total{job="jaeger"}', 1, 1),
        ],
        {"job": "loki"},
    ),
    "CollectorQueueFilling": Case(
        [
            ('otelcol_exporter_queue_size{exporter="e",data_type="traces"}', 50, 51),
            ('otelcol_exporter_queue_capacity{exporter="e",data_type="traces"}', 100, 100),
        ],
        {"exporter": "e", "data_type": "traces"},
    ),
    "SpoolFilling": Case(
        [('clew_export_spooled_bytes{service_name="users"}', 65_536, 65_537)], _USERS
    ),
    "TelemetryLost": Case(
        [
            (
                'clew_export_dropped_total{service_name="users",clew_signal="logs",'
                'clew_reason="http_400"}',
                Rate(0),
                Rate(0.01),
            )
        ],
        {**_USERS, "clew_signal": "logs", "clew_reason": "http_400"},
    ),
    "HostCpuBusy": Case(
        [
            ('system_cpu_utilization_ratio{host_name="h",cpu="0",state="idle"}', 0.11, 0.09),
            ('system_cpu_utilization_ratio{host_name="h",cpu="1",state="idle"}', 0.11, 0.09),
        ],
        {"host_name": "h"},
    ),
    "HostMemoryLow": Case(
        [('system_memory_utilization_ratio{host_name="h",state="used"}', 0.9, 0.91)],
        {"host_name": "h"},
    ),
    "HostDiskFilling": Case(
        [('system_filesystem_utilization_ratio{host_name="h",mountpoint="/"}', 0.9, 0.91)],
        {"host_name": "h", "mountpoint": "/"},
    ),
    # Shares of bad requests around burn rate times 0.5 %.
    "SloBurnFast": _burn("SloBurnFast", 0.071, 0.08, 300),
    "SloBurnSteady": _burn("SloBurnSteady", 0.029, 0.035, 800),
    "SloBurnSlow": _burn("SloBurnSlow", 0.0149, 0.018, 2_600),
    "SloBurnCreeping": _burn("SloBurnCreeping", 0.0049, 0.006, 7_000),
}
