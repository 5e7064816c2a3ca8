"""Hosts and containers: machines, and the processes on them."""

from clew import _names as n
from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel

_HOST = "{{host_name}}"


def _by(*labels: str) -> str:
    return ", ".join(("host_name", *labels))


HOSTS = Board(
    "Hosts and containers",
    (
        Panel("CPU", "Share that is not idle, all CPUs of a host.", "percentunit", "clew-runtime",
              ((_HOST, '1 - avg by (host_name) (system_cpu_utilization_ratio{state="idle"})'),),
              width=8, limits=(0.7, 0.9)),
        Panel("CPU by kind of work", "Shares; iowait and steal are waiting.", "percentunit",
              "clew-service", ((f"{_HOST} {{{{state}}}}",
              f'avg by ({_by("state")}) (system_cpu_utilization_ratio{{state!="idle"}})'),),
              width=8),
        Panel("Load", "Processes that run or wait to run, one minute's mean.", "short",
              "clew-runtime", ((_HOST, "max by (host_name) (system_cpu_load_average_1m)"),),
              width=8),
        Panel("Memory", "Shares by state; used is what programs hold.", "percentunit",
              "clew-runtime", ((f"{_HOST} {{{{state}}}}",
              f'max by ({_by("state")}) (system_memory_utilization_ratio)'),), width=8),
        Panel("File systems", "Share that is used. Queues, spools and stores need room.",
              "percentunit", "clew-pipeline", ((f"{_HOST} {{{{mountpoint}}}}",
              f'max by ({_by("mountpoint")}) (system_filesystem_utilization_ratio)'),), width=8,
              limits=(0.8, 0.9)),
        Panel("Disk", "Bytes a second, by direction.", "Bps", "clew-pipeline",
              ((f"{_HOST} {{{{direction}}}}", f'sum by ({_by("direction")}) '
                f"(rate(system_disk_io_bytes_total[{q.RATE}]))"),), width=8),
        Panel("Network", "Bytes a second, by direction.", "Bps", "clew-service",
              ((f"{_HOST} {{{{direction}}}}", f'sum by ({_by("direction")}) '
                f"(rate(system_network_io_bytes_total[{q.RATE}]))"),), width=8),
        Panel("CPU of processes", "Processors' time a second by service: one container runs one "
              "service.", "percentunit", "clew-runtime",
              (("{{service_name}}", q.rate(n.PROCESS_CPU_TIME, "s", q.SERVICE)),), width=8),
        Panel("Memory of processes", "Resident bytes by service, all its processes.", "bytes",
              "clew-runtime",
              (("{{service_name}}", q.total(n.PROCESS_MEMORY_USAGE, "By", q.SERVICE)),), width=8),
    ),
)  # fmt: skip
