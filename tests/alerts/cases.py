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
    """`labels` are those that the alert must have. Phases last `phase` minutes. It must fire at the
    end of the second, or `fires` minutes after its begin: one that compares with what is usual does
    not fire for ever."""

    series: list[tuple[str, Level, Level]]
    labels: dict[str, str] = field(default_factory=dict)
    phase: int = 40
    fires: int | None = None


_COUNT = "http_server_request_duration_seconds_count"
_BUCKET = "http_server_request_duration_seconds_bucket"
_LAG = "clew_event_loop_lag_seconds_bucket"
_POOL = '{service_name="users",clew_thread_pool_name="anyio"}'
_USERS = {"service_name": "users"}


def _requests(status: str, below: float, firing: float, **more: str) -> tuple[str, Level, Level]:
    labels = {"service_name": "users", "http_response_status_code": status, **more}
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return (f"{_COUNT}{{{inside}}}", Rate(below), Rate(firing))


def _burn(name: str, below: float, firing: float, phase: int) -> Case:
    """Of an objective of 99.5 %: shares of bad requests."""
    return Case(
        [
            _requests("200", 1 - below, 1 - firing, http_route="/users/{user_id}"),
            _requests("500", below, firing, http_route="/users/{user_id}"),
        ],
        {
            "service_name": "users",
            "http_route": "/users/{user_id}",
            "slo": "a",
        },
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
    "RequestsSurged": Case([_requests("200", 1, 3.5)], _USERS, 80, fires=8),
    "RequestsDropped": Case([_requests("200", 2, 0.5)], _USERS, 80, fires=10),
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
    # Of 100 waits 96, or 94, are shorter than a quarter of a second.
    "EventLoopBlocked": Case(
        [
            (f'{_LAG}{{service_name="users",le="0.25"}}', Rate(0.96), Rate(0.94)),
            (f'{_LAG}{{service_name="users",le="0.5"}}', Rate(1), Rate(1)),
            (f'{_LAG}{{service_name="users",le="+Inf"}}', Rate(1), Rate(1)),
        ],
        _USERS,
    ),
    "ThreadPoolFull": Case(
        [
            (f"clew_thread_pool_usage{_POOL}", 36, 37),
            (f"clew_thread_pool_limit{_POOL}", 40, 40),
        ],
        {**_USERS, "clew_thread_pool_name": "anyio"},
    ),
    "ProcessMemoryHigh": Case(
        [('process_memory_usage_bytes{service_name="users"}', 2**30, 2**30 + 1024)], _USERS
    ),
    "ProcessCpuBusy": Case(
        [
            (
                'process_cpu_time_seconds_total{service_name="users",cpu_mode="user"}',
                Rate(0.5),
                Rate(0.52),
            ),
            (
                'process_cpu_time_seconds_total{service_name="users",cpu_mode="system"}',
                Rate(0.39),
                Rate(0.39),
            ),
        ],
        _USERS,
    ),
    "FileDescriptorsLow": Case(
        [
            ('process_unix_file_descriptor_count{service_name="users"}', 819, 820),
            ('clew_process_file_descriptor_limit{service_name="users"}', 1024, 1024),
        ],
        _USERS,
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
    # Two minutes and a little more, with one that waits.
    "QueueAging": Case(
        [
            ('shop_queue_age_seconds{service_name="inventory",shop_queue="inventory"}', 120, 121),
            ('shop_queue_depth{service_name="inventory",shop_queue="inventory"}', 1, 1),
        ],
        {"service_name": "inventory", "shop_queue": "inventory"},
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
    "CollectorLost": Case(
        [('otelcol_exporter_send_failed_log_records_total{exporter="e"}', Rate(0), Rate(0.01))],
        {"exporter": "e"},
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
    # Fourteen days from what the time then is: a little more, and a little less, and more.
    "CertificateExpiring": Case(
        [
            (
                "clew_export_certificate_not_after_seconds"
                '{service_name="users",clew_signal="traces",server_address="h",server_port="4318"}',
                14 * 86_400 + 13 * 60,
                14 * 86_400 + 4 * 60,
            )
        ],
        {"server_address": "h", "server_port": "4318"},
        4,
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
    "SloBurnFast": _burn("SloBurnFast", 0.071, 0.08, 90),
    "SloBurnSteady": _burn("SloBurnSteady", 0.029, 0.035, 240),
    "SloBurnSlow": _burn("SloBurnSlow", 0.0149, 0.018, 600),
    "SloBurnCreeping": _burn("SloBurnCreeping", 0.0049, 0.006, 1_500),
}
