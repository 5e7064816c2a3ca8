"""Pipeline: the telemetry's own way, reconciled."""

from clew import _names as n
from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel
from dashboards.prometheus_names import label

_ONE = f'{q.SERVICE}=~"$service"'
_BY_SIGNAL = f"{q.SERVICE},{label(n.SIGNAL)}"
_BY_REASON = f"{_BY_SIGNAL},{label(n.REASON)}"
_ITEMS = {"traces": "spans", "metrics": "metric_points", "logs": "log_records"}


def _each(stage: str) -> tuple[tuple[str, str], ...]:
    return tuple((signal, q.collector(stage, items)) for signal, items in _ITEMS.items())


def _reconciled(signal: str) -> Panel:
    made, stored, lost = q.reconciled(signal, _ITEMS[signal])
    return Panel(
        f"{signal.capitalize()}: made = stored + waiting + dropped",
        "Items over ten minutes. Made: what services have sent or dropped. Stored: what a store "
        "took. Where made is above the other two together, the rest waits in a queue (below)."
        + (" Metrics: in points, and made is what the collector has accepted."
           if signal == "metrics" else ""),
        "short", "clew-service",
        (("made", made), ("stored", stored), ("dropped", lost)), width=8,
    )  # fmt: skip


PIPELINE = Board(
    "Pipeline",
    (
        *map(_reconciled, ("traces", "logs", "metrics")),
        Panel("Sent by services", "Items a second that the endpoint accepted.", "cps",
              "clew-service", (("{{service_name}} {{clew_signal}}",
                                q.rate(n.EXPORT_SENT, "{item}", _BY_SIGNAL, _ONE)),),
              width=8),
        Panel("Dropped by services", "Items a second that will not arrive, and why.", "cps",
              "clew-service", (("{{service_name}} {{clew_signal}} {{clew_reason}}", q.rate(
                  n.EXPORT_DROPPED, "{item}", _BY_REASON, _ONE)),), width=8),
        Panel("Waiting in services", "Bytes not yet accepted: in memory, and in the spool on disk.",
              "bytes", "clew-service",
              (("{{service_name}} memory", q.level(n.EXPORT_QUEUED, "By", q.SERVICE, _ONE)),
               ("{{service_name}} spool", q.level(n.EXPORT_SPOOLED, "By", q.SERVICE, _ONE))),
              width=8),
        Panel("Accepted by the collector", "Items a second, by signal.", "cps", "clew-hosts",
              _each("receiver_accepted"), width=8),
        Panel("Refused by the collector", "Items a second; the sender keeps them and asks again.",
              "cps", "clew-hosts", _each("receiver_refused"), width=8),
        Panel("Stored", "Items a second that a store has taken.", "cps", "clew-hosts",
              _each("exporter_sent"), width=8),
        Panel("Queues of the collector", "How full the queue for each store is; on disk.",
              "percentunit", "clew-hosts", (("{{exporter}} {{data_type}}", q.collector_queue()),),
              width=8, limits=(0.25, 0.5)),
        Panel("Refused by stores for good", "Items a second that the collector dropped.", "cps",
              "clew-service", _each("exporter_send_failed"), width=8),
        Panel("Delay", "Seconds since the newest sample of each service: its export interval is in "
              "it.", "s", "clew-service", (("{{service_name}}", q.silence(_ONE)),), width=8,
              limits=(60, 120)),
        Panel("Certificates", "Seconds until a certificate ends that a service has verified where "
              "it sends, by OTLP over HTTPS.", "s", "clew-service",
              (("{{service_name}} {{server_address}}:{{server_port}}", q.certificate(_ONE)),),
              width=24, limits=(14 * 86_400, 7 * 86_400)),
    ),
    ("service",),
)  # fmt: skip
