"""Alerts on requests: they fail, are slow, pile up, surge or stay away."""

from __future__ import annotations

from alerts._model import Alert, Scale
from alerts.catalogue._ranges import fresh

_REQUESTS = "http_server_request_duration_seconds_count"
_BUCKETS = "http_server_request_duration_seconds_bucket"


def traffic_alerts(s: Scale) -> list[Alert]:
    """Of each service, all routes together: routes have objectives in slo.yaml."""
    w, hour = s.window(300), s.window(3_600)
    total = f"sum by (service_name) (rate({_REQUESTS}[{w}]))"
    failed = f'sum by (service_name) (rate({_REQUESTS}{{http_response_status_code=~"5.."}}[{w}]))'
    # Of the last hour. It means something only if the service was there an hour ago.
    before = f"sum by (service_name) (rate({_REQUESTS}[{w}] offset {hour}))"
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
            traces="slow",
        ),
        Alert(
            "RequestsPilingUp",
            f"sum by (service_name) ({fresh('http_server_active_requests', s)}) > 50",
            "{{ $labels.service_name }} is saturated",
            "{{ $value }} requests are in work at once: they come faster than they leave.",
            severity="page",
            lasting_s=60,
            traces="any",
        ),
        Alert(
            "RequestsSurged",
            f"{total} > 3 * {usual} and {total} > 1 and {before} > 0",
            "{{ $labels.service_name }} gets three times its usual requests",
            '{{ $value | printf "%.1f" }} requests a second.',
            lasting_s=120,
            traces="any",
            logs='{service_name="{{ $labels.service_name }}"}',
        ),
        Alert(
            "RequestsDropped",
            f"{total} < 0.3 * {usual} and {usual} > 0.5",
            "{{ $labels.service_name }} gets less than a third of its usual requests",
            '{{ $value | printf "%.2f" }} requests a second: '
            "what is before it fails, or nobody can reach it.",
            severity="page",
            lasting_s=120,
            traces="any",
            logs='{service_name=~".+"} | severity_text=~"WARN|ERROR|FATAL"',
        ),
    ]
