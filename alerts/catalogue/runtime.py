"""Alerts on the Python processes themselves, by the runtime metrics that clew sends of each."""

from __future__ import annotations

from alerts._model import Alert, Scale
from alerts.catalogue._ranges import fresh

_LAG = "clew_event_loop_lag_seconds_bucket"
_EACH = "service_name, service_instance_id"


def runtime_alerts(s: Scale) -> list[Alert]:
    """The event loop, the thread pool, memory, processor time and file descriptors."""
    w = s.window(300)
    lag = f"histogram_quantile(0.95, sum by ({_EACH}, le) (rate({_LAG}[{w}])))"
    cpu = f"sum by ({_EACH}) (rate(process_cpu_time_seconds_total[{w}]))"
    return [
        Alert(
            "EventLoopBlocked",
            f"max by (service_name) ({lag}) > 0.25",
            "The event loop of {{ $labels.service_name }} stands still",
            "What is ready to run waits {{ $value | humanizeDuration }}, one time of twenty: "
            "something in it computes or blocks, and every request of the process waits.",
            severity="page",
            lasting_s=60,
            board="clew-runtime",
            traces="slow",
        ),
        Alert(
            "ThreadPoolFull",
            "max by (service_name, clew_thread_pool_name) "
            f"({fresh('clew_thread_pool_usage', s)} / (clew_thread_pool_limit > 0)) > 0.9",
            "All threads of {{ $labels.service_name }} are taken",
            "{{ $value | humanizePercentage }} of the pool {{ $labels.clew_thread_pool_name }} "
            "work: further requests wait for one.",
            lasting_s=60,
            board="clew-runtime",
            traces="any",
        ),
        Alert(
            "ProcessMemoryHigh",
            f"max by ({_EACH}) ({fresh('process_memory_usage_bytes', s)}) "
            f"> {s.largest_process:.0f}",
            "A process of {{ $labels.service_name }} has grown large",
            "{{ $value | humanize1024 }}B are resident. Above its container's limit the kernel "
            "kills it.",
            lasting_s=300,
            board="clew-runtime",
            traces="any",
        ),
        Alert(
            "ProcessCpuBusy",
            f"max by (service_name) ({cpu}) > 0.9",
            "A process of {{ $labels.service_name }} computes all the time",
            "{{ $value | humanizePercentage }} of one processor: a Python process can't use more.",
            lasting_s=300,
            board="clew-runtime",
            traces="any",
        ),
        Alert(
            "FileDescriptorsLow",
            f"max by (service_name) ({fresh('process_unix_file_descriptor_count', s)} "
            "/ (clew_process_file_descriptor_limit > 0)) > 0.8",
            "{{ $labels.service_name }} will soon be unable to open files and connections",
            "{{ $value | humanizePercentage }} of the file descriptors that it may have are open.",
            lasting_s=120,
            board="clew-runtime",
            traces="any",
            logs='{service_name="{{ $labels.service_name }}"}',
        ),
    ]
