"""Alerts on those of whom nothing is heard any more."""

from __future__ import annotations

from alerts._model import Alert, Scale

_SENT = "clew_export_sent_total"


def silent(selector: str, by: str, s: Scale, lookback_s: float) -> str:
    """Return seconds since the newest sample, in PromQL.

    A subquery, since a series ends for a plain query after five minutes without a sample.
    """
    step = f"{s.interval_s:g}s"
    newest = f"max_over_time(timestamp({selector})[{s.window(lookback_s)}:{step}])"
    return f"time() - max by ({by}) ({newest})"


def silence_alerts(s: Scale) -> list[Alert]:
    """A whole service, and one of its processes."""
    instance = silent(_SENT, "service_name, service_instance_id", s, 1_800)
    service = silent(_SENT, "service_name", s, 3_600)
    limit = s.seconds(90)
    return [
        Alert(
            "ServiceSilent",
            f"{service} > {s.seconds(120)}",
            "{{ $labels.service_name }} sends no telemetry",
            "The last came {{ $value | humanizeDuration }} ago: it is down, or cut off. Its other "
            "alerts can't fire meanwhile.",
            severity="page",
            traces="any",
            logs='{service_name="{{ $labels.service_name }}"}',
        ),
        Alert(
            "InstanceGone",
            f"count by (service_name) ({instance} > {limit}) "
            f"and on (service_name) {service} < {limit}",
            "A process of {{ $labels.service_name }} is gone",
            "{{ $value }} ended within half an hour, while others of the service go on: a crash, "
            "the kernel's memory killer, or a deploy.",
            traces="any",
            logs='{service_name="{{ $labels.service_name }}"}',
        ),
    ]
