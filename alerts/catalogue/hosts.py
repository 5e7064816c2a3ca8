"""Alerts on machines: processors, memory, disks."""

from __future__ import annotations

from functools import partial

from alerts._model import Alert, Scale

_OfAHost = partial(Alert, board="clew-hosts", variables={}, logs="", traces="")


def host_alerts(s: Scale) -> list[Alert]:
    """By the collector's host metrics."""
    w = s.window(300)
    return [
        _OfAHost(
            "HostCpuBusy",
            "1 - avg by (host_name) "
            f'(avg_over_time(system_cpu_utilization_ratio{{state="idle"}}[{w}])) > {s.cpu_bound:g}',
            "The CPUs of {{ $labels.host_name }} are busy",
            "{{ $value | humanizePercentage }} busy: everything on it gets slow.",
            lasting_s=600,
        ),
        _OfAHost(
            "HostMemoryLow",
            'max by (host_name) (system_memory_utilization_ratio{state="used"}) '
            f"> {s.memory_bound:g}",
            "{{ $labels.host_name }} is short of memory",
            "{{ $value | humanizePercentage }} is used; the kernel may soon kill a process.",
            lasting_s=300,
        ),
        _OfAHost(
            "HostDiskFilling",
            "max by (host_name, mountpoint) (system_filesystem_utilization_ratio) > 0.9",
            "{{ $labels.mountpoint }} of {{ $labels.host_name }} is nearly full",
            "{{ $value | humanizePercentage }} is used. Queues and spools need room there.",
            lasting_s=300,
        ),
    ]
