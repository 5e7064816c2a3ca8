"""The alerts, in the order in which an engineer on call would want to know.

Every expression is a function of `Scale`, so that a drill runs the same rules with shorter windows.
"""

from __future__ import annotations

from alerts._model import Alert, Scale

_REQUESTS = "http_server_request_duration_seconds_count"
_BUCKETS = "http_server_request_duration_seconds_bucket"
_SENT = "clew_export_sent_total"
_UP = "otelcol_process_uptime_seconds_total"


def metric_alerts(s: Scale) -> list[Alert]:
    """Those that Prometheus evaluates, without the SLOs' own."""
    return [*_traffic(s), *_silence(s), *_shop(s), *_pipeline(s), *_host(s)]


def log_alerts(s: Scale) -> list[Alert]:
    """Those that Loki's ruler evaluates."""
    w = s.window(300)
    lines = '{service_name="{{ $labels.service_name }}"} | severity_text=~"ERROR|FATAL"'
    return [
        Alert(
            "ErrorLinesBurst",
            'sum by (service_name) (count_over_time({service_name=~".+"} '
            f'| severity_text=~"ERROR|FATAL" [{w}])) > 20',
            "{{ $labels.service_name }} writes many ERROR lines",
            f"{{{{ $value }}}} lines of ERROR or worse within {w}.",
            logs=lines,
            log=True,
        ),
        Alert(
            "UnhandledException",
            'sum by (service_name, exception_type) (count_over_time({service_name=~".+"} '
            f'| severity_text=~"ERROR|FATAL" | exception_type != "" [{w}])) > 0',
            "{{ $labels.exception_type }} in {{ $labels.service_name }}",
            f"{{{{ $value }}}} times within {w}; the line has the stack trace.",
            logs=f'{lines} | exception_type="{{{{ $labels.exception_type }}}}"',
            log=True,
        ),
    ]


def _traffic(s: Scale) -> list[Alert]:
    w, hour = s.window(300), s.window(3_600)
    total = f"sum by (service_name) (rate({_REQUESTS}[{w}]))"
    failed = f'sum by (service_name) (rate({_REQUESTS}{{http_response_status_code=~"5.."}}[{w}]))'
    usual = f"sum by (service_name) (rate({_REQUESTS}[{hour}] offset {w}))"
    return [
        Alert(
            "ErrorRateHigh",
            f"{failed} / {total} > 0.05",
            "{{ $labels.service_name }} fails more than one request of twenty",
            f"{{{{ $value | humanizePercentage }}}} of its requests are answered with 5xx ({w}).",
            severity="page",
            lasting_s=120,
        ),
        Alert(
            "LatencyHigh",
            f"histogram_quantile(0.95, sum by (service_name, le) (rate({_BUCKETS}[{w}]))) > 1",
            "{{ $labels.service_name }} is slow",
            "One request of twenty takes longer than {{ $value | humanizeDuration }}.",
            lasting_s=300,
        ),
        Alert(
            "RequestsPilingUp",
            "sum by (service_name) (http_server_active_requests) > 50",
            "{{ $labels.service_name }} is saturated",
            "{{ $value }} requests are in work at once: they come faster than they leave.",
            severity="page",
            lasting_s=60,
        ),
        Alert(
            "RequestsSurged",
            f"{total} > 3 * {usual} and {total} > 1",
            "{{ $labels.service_name }} gets three times its usual requests",
            '{{ $value | printf "%.1f" }} requests a second.',
            lasting_s=120,
            trace=False,
        ),
        Alert(
            "RequestsDropped",
            f"{total} < 0.3 * {usual} and {usual} > 0.5",
            "{{ $labels.service_name }} gets less than a third of its usual requests",
            '{{ $value | printf "%.2f" }} requests a second: '
            "what is before it fails, or nobody can reach it.",
            severity="page",
            lasting_s=120,
            trace=False,
            logs='{service_name=~".+"} | severity_text=~"WARN|ERROR|FATAL"',
        ),
    ]


def _silent(selector: str, by: str, s: Scale, lookback_s: float) -> str:
    """Seconds since the newest sample. A subquery, since a series ends for a plain query after five
    minutes without one."""
    step = f"{s.interval_s:g}s"
    newest = f"max_over_time(timestamp({selector})[{s.window(lookback_s)}:{step}])"
    return f"time() - max by ({by}) ({newest})"


def _silence(s: Scale) -> list[Alert]:
    instance = _silent(_SENT, "service_name, service_instance_id", s, 1_800)
    service = _silent(_SENT, "service_name", s, 3_600)
    limit = s.seconds(90)
    return [
        Alert(
            "ServiceSilent",
            f"{service} > {s.seconds(120)}",
            "{{ $labels.service_name }} sends no telemetry",
            "The last came {{ $value | humanizeDuration }} ago: it is down, or cut off. Its other "
            "alerts can't fire meanwhile.",
            severity="page",
            trace=False,
            logs='{service_name="{{ $labels.service_name }}"}',
        ),
        Alert(
            "InstanceGone",
            f"count by (service_name) ({instance} > {limit}) "
            f"and on (service_name) {service} < {limit}",
            "A process of {{ $labels.service_name }} is gone",
            "{{ $value }} ended within half an hour, while others of the service go on: a crash, "
            "the kernel's memory killer, or a deploy.",
            trace=False,
            logs='{service_name="{{ $labels.service_name }}"}',
        ),
    ]


def _shop(s: Scale) -> list[Alert]:
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
        ),
        Alert(
            "EventsWaiting",
            "max by (service_name) (shop_outbox_waiting) > 20",
            "Events of {{ $labels.service_name }} don't reach the broker",
            "{{ $value }} wait in its outbox: nobody is told of these orders.",
            lasting_s=120,
            board="clew-messages",
            trace=False,
        ),
        Alert(
            "MessagesParked",
            "sum by (service_name, shop_queue) "
            f'(increase(shop_messages_total{{shop_outcome="parked"}}[{w}])) > 0',
            "{{ $labels.service_name }} can't read messages of {{ $labels.shop_queue }}",
            '{{ $value | printf "%.0f" }} were parked within '
            f"{w}; they wait in a queue of dead.",
            board="clew-messages",
        ),
    ]


def _pipeline(s: Scale) -> list[Alert]:
    w = s.window(300)
    jaeger = _silent(f'{_UP}{{job="jaeger"}}', "job", s, 3_600)
    collector = _silent(f'{_UP}{{job="clew-collector"}}', "job", s, 3_600)
    return [
        Alert(
            "CollectorSilent",
            f"{collector} > {s.seconds(90)}",
            "The collector is down",
            "It sent nothing for {{ $value | humanizeDuration }}. Services keep what they make on "
            "their disks; until it is back nothing can be seen.",
            severity="page",
            board="clew-pipeline",
            variables={},
            logs="",
            trace=False,
        ),
        Alert(
            "BackendDown",
            f'up{{job=~"loki|alertmanager|prometheus"}} == 0 or {jaeger} > {s.seconds(90)}',
            "{{ $labels.job }} is down",
            "The collector keeps what is meant for it on its disk.",
            severity="page",
            lasting_s=60,
            board="clew-pipeline",
            variables={},
            logs="",
            trace=False,
        ),
        Alert(
            "CollectorQueueFilling",
            "max by (exporter, data_type) "
            "(otelcol_exporter_queue_size / (otelcol_exporter_queue_capacity > 0)) > 0.5",
            "The collector's queue for {{ $labels.exporter }} is filling",
            "{{ $value | humanizePercentage }} full. When it is, services keep their data.",
            lasting_s=60,
            board="clew-pipeline",
            variables={},
            logs="",
            trace=False,
        ),
        Alert(
            "SpoolFilling",
            "max by (service_name) (clew_export_spooled_bytes) > 65536",
            "{{ $labels.service_name }} can't send, and keeps telemetry on its disk",
            "{{ $value | humanize1024 }}B wait. Beyond CLEW_SPOOL_MAX_BYTES the oldest is lost.",
            lasting_s=120,
            board="clew-pipeline",
            trace=False,
            logs='{service_name="{{ $labels.service_name }}"} | logger=~"clew.*"',
        ),
        Alert(
            "TelemetryLost",
            "sum by (service_name, clew_signal, clew_reason) "
            f"(increase(clew_export_dropped_total[{w}])) > 0",
            "{{ $labels.service_name }} lost {{ $labels.clew_signal }}",
            f'{{{{ $value | printf "%.0f" }}}} items ({{{{ $labels.clew_reason }}}}) within {w}.',
            board="clew-pipeline",
            trace=False,
            logs='{service_name="{{ $labels.service_name }}"} | logger=~"clew.*"',
        ),
    ]


def _host(s: Scale) -> list[Alert]:
    w = s.window(300)

    def host(name: str, expr: str, summary: str, description: str, lasting_s: float) -> Alert:
        return Alert(
            name,
            expr,
            summary,
            description,
            lasting_s=lasting_s,
            board="clew-hosts",
            variables={},
            logs="",
            trace=False,
        )

    return [
        host(
            "HostCpuBusy",
            "1 - avg by (host_name) "
            f'(avg_over_time(system_cpu_utilization_ratio{{state="idle"}}[{w}])) > 0.9',
            "The CPUs of {{ $labels.host_name }} are busy",
            "{{ $value | humanizePercentage }} busy: everything on it gets slow.",
            600,
        ),
        host(
            "HostMemoryLow",
            'max by (host_name) (system_memory_utilization_ratio{state="used"}) '
            f"> {s.memory_bound:g}",
            "{{ $labels.host_name }} is short of memory",
            "{{ $value | humanizePercentage }} is used; the kernel may soon kill a process.",
            300,
        ),
        host(
            "HostDiskFilling",
            "max by (host_name, mountpoint) (system_filesystem_utilization_ratio) > 0.9",
            "{{ $labels.mountpoint }} of {{ $labels.host_name }} is nearly full",
            "{{ $value | humanizePercentage }} is used. Queues and spools need room there.",
            300,
        ),
    ]
