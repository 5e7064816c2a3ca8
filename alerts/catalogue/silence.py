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
    service = silent(_SENT, "service_name", s, 3_600)
    # Ranges rather than `silent`, which holds a series for five minutes more than its lookback.
    each = "group by (service_name, service_instance_id)"
    recent = f"{each} (count_over_time({_SENT}[{s.window(90)}]))"
    gone = f"{each} (count_over_time({_SENT}[{s.window(1_800)}])) unless {recent}"
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
            f"count by (service_name) ({gone}) and on (service_name) {recent}",
            "A process of {{ $labels.service_name }} is gone",
            "{{ $value }} ended within half an hour, while others of the service go on: a crash, "
            "the kernel's memory killer, or a deploy.",
            traces="any",
        ),
    ]
