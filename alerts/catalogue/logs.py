"""Alerts on log lines, which Loki's ruler evaluates."""

from __future__ import annotations

from alerts._model import Alert, Scale


def log_alerts(s: Scale) -> list[Alert]:
    """Many errors, and exceptions that nobody caught."""
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
