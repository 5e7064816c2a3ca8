"""Alerts on the telemetry's own way: what is late, waits, or is lost."""

from __future__ import annotations

from functools import partial

from alerts._model import Alert, Scale
from alerts.catalogue._ranges import fresh, grew
from alerts.catalogue.silence import silent

_UP = "otelcol_process_uptime_seconds_total"
# Of the way itself, which has neither lines nor traces in the stores.
_OfTheWay = partial(Alert, board="clew-pipeline", variables={}, logs="", traces="")
_OfAService = partial(
    Alert,
    board="clew-pipeline",
    traces="any",
    logs='{service_name="{{ $labels.service_name }}"} | scope_name=~"clew.*"',
)
# What a store refuses for good is not tried again: the collector drops it and counts it. Each store
# takes one signal, so the exporter tells which.
_FAILED = '{__name__=~"otelcol_exporter_send_failed_(spans|metric_points|log_records)_total"}'
# By HTTPS; gRPC doesn't tell. The bound is no duration of a rule: a drill does not shorten it.
_CERTIFICATE = "clew_export_certificate_not_after_seconds"
_SOON_S = 14 * 86_400


def pipeline_alerts(s: Scale) -> list[Alert]:
    """From the services' spools to the stores."""
    w = s.window(300)
    jaeger = silent(f'{_UP}{{job="jaeger"}}', "job", s, 3_600)
    collector = silent(f'{_UP}{{job="clew-collector"}}', "job", s, 3_600)
    return [
        _OfTheWay(
            "CollectorSilent",
            f"{collector} > {s.seconds(90)}",
            "The collector is down",
            "It sent nothing for {{ $value | humanizeDuration }}. Services keep what they make on "
            "their disks; until it is back nothing can be seen.",
            severity="page",
        ),
        _OfTheWay(
            "BackendDown",
            f'up{{job=~"loki|alertmanager|prometheus"}} == 0 or {jaeger} > {s.seconds(90)}',
            "{{ $labels.job }} is down",
            "The collector keeps what is meant for it on its disk.",
            severity="page",
            lasting_s=60,
        ),
        _OfTheWay(
            "CollectorQueueFilling",
            "max by (exporter, data_type) "
            "(otelcol_exporter_queue_size / (otelcol_exporter_queue_capacity > 0)) > 0.5",
            "The collector's queue for {{ $labels.exporter }} is filling",
            "{{ $value | humanizePercentage }} full. When it is, services keep their data.",
            lasting_s=60,
        ),
        _OfTheWay(
            "CollectorLost",
            grew(_FAILED, "exporter", w),
            "A store refused telemetry for good",
            '{{ $value | printf "%.0f" }} items for {{ $labels.exporter }} within '
            f"{w}: the collector dropped them.",
        ),
        _OfAService(
            "SpoolFilling",
            f"max by (service_name) ({fresh('clew_export_spooled_bytes', s)}) > 65536",
            "{{ $labels.service_name }} can't send, and keeps telemetry on its disk",
            "{{ $value | humanize1024 }}B wait. Beyond CLEW_SPOOL_MAX_BYTES the oldest is lost.",
            lasting_s=120,
        ),
        _OfAService(
            "TelemetryLost",
            grew("clew_export_dropped_total", "service_name, clew_signal, clew_reason", w),
            "{{ $labels.service_name }} lost {{ $labels.clew_signal }}",
            f'{{{{ $value | printf "%.0f" }}}} items ({{{{ $labels.clew_reason }}}}) within {w}.',
        ),
        # One for each endpoint, however many services send there.
        _OfTheWay(
            "CertificateExpiring",
            f"min by (server_address, server_port) ({fresh(_CERTIFICATE, s)}) - time() < {_SOON_S}",
            "The certificate of {{ $labels.server_address }}:{{ $labels.server_port }} ends soon",
            "In {{ $value | humanizeDuration }}. Then services that send there can't, and keep "
            "their telemetry on their disks.",
        ),
    ]
