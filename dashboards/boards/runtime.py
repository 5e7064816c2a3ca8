"""Python runtime: what the processes of a service do beside requests."""

from clew import _names as n
from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel
from dashboards.prometheus_names import label

_ONE = f'{q.SERVICE}=~"$service"'
_EACH = f"{q.SERVICE}, {q.INSTANCE}"
_PROCESS = f"{{{{{q.SERVICE}}}}} {{{{{q.INSTANCE}}}}}"
_POOL = f"{{{{{q.SERVICE}}}}} {{{{{label(n.THREAD_POOL_NAME)}}}}}"
_OF_POOL = f"{q.SERVICE}, {label(n.THREAD_POOL_NAME)}"

RUNTIME = Board(
    "Python runtime",
    (
        Panel("Event-loop lag", "95th percentile of the time from when something is ready until "
              "the loop runs it. All requests of the process wait as long.", "s", "clew-follow",
              (("{{service_name}}", q.quantile_of(n.LOOP_LAG, 0.95, q.SERVICE, _ONE)),), width=8,
              limits=(0.1, 0.25)),
        Panel("Blocks of the event loop", "A second; each leaves its stack as an event of the span "
              "that was active.", "cps", "clew-follow",
              (("{{service_name}}", q.rate(n.LOOP_BLOCKS, "{block}", q.SERVICE, _ONE)),), width=8),
        Panel("What clew says of it", "Warnings and errors of the service.", "short",
              "clew-follow", (("", q.logs(_ONE, '| severity_text=~"WARN.*|ERROR|FATAL"')),),
              "logs", 8, source="loki"),
        Panel("Thread pool: share taken", "At 1 every thread works, and further tasks wait.",
              "percentunit", "clew-service",
              ((_POOL, q.share(n.THREAD_POOL_USAGE, n.THREAD_POOL_LIMIT, _OF_POOL, _ONE)),),
              width=8, limits=(0.7, 0.9)),
        Panel("Thread pool: tasks that wait", "For a thread.", "short", "clew-service",
              ((_POOL, q.level(n.THREAD_POOL_WAITING, "{task}", _OF_POOL, _ONE)),), width=8),
        Panel("Threads", "Of each process.", "short", "clew-hosts",
              ((_PROCESS, q.level(n.PROCESS_THREAD_COUNT, "{thread}", _EACH, _ONE)),), width=8),
        Panel("Memory", "Resident bytes of each process. A line that only rises is a leak.",
              "bytes", "clew-hosts",
              ((_PROCESS, q.level(n.PROCESS_MEMORY_USAGE, "By", _EACH, _ONE)),), width=8),
        Panel("Garbage collections", "A second, by generation.", "cps", "clew-service",
              (("{{service_name}} {{cpython_gc_generation}}", q.rate(
                  n.GC_COLLECTIONS, "{collection}",
                  f"{q.SERVICE}, {label(n.GC_GENERATION)}", _ONE)),), width=8),
        Panel("Pauses for garbage", "Share of the time in which nothing else runs.", "percentunit",
              "clew-service", ((_PROCESS, q.spent(n.GC_PAUSE, _EACH, _ONE)),), width=8,
              limits=(0.05, 0.2)),
        Panel("CPU", "Processors' time a second: at 1 a Python process has all that it can use.",
              "percentunit", "clew-hosts",
              ((_PROCESS, q.rate(n.PROCESS_CPU_TIME, "s", _EACH, _ONE)),), width=8,
              limits=(0.7, 0.9)),
        Panel("File descriptors", "Share of those that the process may have.", "percentunit",
              "clew-hosts", ((_PROCESS, q.share(
                  n.PROCESS_FILE_DESCRIPTORS, n.PROCESS_FILE_DESCRIPTOR_LIMIT, _EACH, _ONE)),),
              width=8, limits=(0.6, 0.8)),
        Panel("Workers", "Processes that send telemetry, by service.", "short", "clew-service",
              (("{{service_name}}", q.workers(_ONE)),), width=8),
    ),
    ("service",),
)  # fmt: skip
