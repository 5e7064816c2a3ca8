"""The faults: what each is, which alerts it must fire, and by which line its cause is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerts.drill import _acts as act
from alerts.drill._acts import Act
from alerts.drill._watch import Wanted


@dataclass(frozen=True)
class Fault:
    """`alerts` are (name, labels that it must have). `cause` is a pattern of the line that shows
    what is wrong: a log line, or one of a command that the runbook names. `why_not` says why the
    fault can't be had here. A fault that is `quick` is in the short drill."""

    name: str
    alerts: tuple[Wanted, ...]
    cause: str
    inject: Act
    remove: Act
    why_not: Callable[[], str | None] = lambda: None
    quick: bool = False


def _is(service: str, **labels: str) -> dict[str, str]:
    return {"service_name": service, **labels}


def _burns(service: str, *names: str) -> tuple[Wanted, ...]:
    return tuple((name, _is(service)) for name in names)


def _switched(
    name: str, alerts: Sequence[Wanted], service: str, fault: str, level: float, quick: bool = False
) -> Fault:
    """A fault of a service's own. Its cause is the line that it was switched on."""
    return Fault(
        name,
        tuple(alerts),
        rf"fault {fault} is switched to [0-9.]*[1-9]",
        act.switch(service, fault, level),
        act.switch(service, fault, 0),
        quick=quick,
    )


FAULTS = (
    Fault(
        "payments answers every request with an error",
        (
            ("ErrorRateHigh", _is("payments")),
            ("UnhandledException", _is("payments")),
            ("ErrorLinesBurst", _is("orders")),
            *_burns("payments", "SloBurnFast", "SloBurnSteady", "SloBurnSlow", "SloBurnCreeping"),
            ("BreakerOpen", _is("orders", shop_downstream="payments")),
            # Orders are taken and wait for their money: they are late, not refused.
            ("SloBurnFast", _is("gateway", slo="ordering-latency")),
        ),
        "switched on: this request fails",
        act.switch("payments", "errors", 1),
        act.switch("payments", "errors", 0),
        quick=True,
    ),
    Fault(
        "every charge is declined",
        (("OrdersCompensated", _is("orders")),),
        "declined the charge for order",
        act.switch("payments", "payment-decline", 1),
        act.switch("payments", "payment-decline", 0),
    ),
    _switched(
        "users waits a second and a half with each request",
        [("LatencyHigh", _is("users"))],
        "users", "latency", 1.5, quick=True,
    ),
    Fault(
        "80 requests at once to a users that does not answer",
        (("RequestsPilingUp", _is("users")),),
        "fault latency is switched to 45",
        act.both(act.switch("users", "latency", 45), act.crowd("/users/1", "users")),
        act.switch("users", "latency", 0),
    ),
    Fault(
        "users blocks its event loop for half a second with each request",
        (("EventLoopBlocked", _is("users")),),
        "in strike_in_loop",
        act.switch("users", "event-loop-block", 0.5),
        act.switch("users", "event-loop-block", 0),
    ),
    Fault(
        "80 requests at once to an orders whose database is slow",
        (("ThreadPoolFull", _is("orders", clew_thread_pool_name="anyio")),),
        "fault slow-query is switched to 20",
        act.both(act.switch("orders", "slow-query", 20), act.crowd("/orders/none", "orders")),
        act.switch("orders", "slow-query", 0),
    ),
    Fault(
        "users keeps eight mebibytes of each request",
        (("ProcessMemoryHigh", _is("users")),),
        "fault memory-leak is switched to 8",
        act.switch("users", "memory-leak", 8),
        act.restart("users"),
    ),
    Fault(
        "users computes for twenty seconds with each request",
        (("ProcessCpuBusy", _is("users")),),
        "fault cpu-burn is switched to 20",
        act.switch("users", "cpu-burn", 20),
        act.restart("users"),
    ),
    Fault(
        "many connections to users that say nothing",
        (("FileDescriptorsLow", _is("users")),),
        "127.0.0.1:[0-9]+ +127.0.0.1",
        act.hold_connections,
        act.close_connections,
    ),
    Fault(
        "five times as many visitors",
        (("RequestsSurged", _is("gateway")),),
        "GET /products 200",
        lambda world: world.visit(40),
        lambda world: world.visit(),
    ),
    Fault(
        "no visitors",
        (("RequestsDropped", _is("gateway")),),
        '"value": .*"0"',
        lambda world: world.leave(),
        lambda world: world.visit(),
    ),
    Fault(
        "kill -9 of users",
        (("ServiceSilent", _is("users")),),
        "Connection ?(refused|Error)",
        lambda world: world.shop.kill("users"),
        act.start("users"),
    ),
    Fault(
        "kill -9 of a worker of catalog",
        (("InstanceGone", _is("catalog")),),
        "SIGKILL",
        act.kill_worker,
        lambda world: None,
        quick=True,
    ),
    _switched(
        "nothing reaches the broker", [("EventsWaiting", _is("orders"))], "orders", "broker-down", 1
    ),
    _switched(
        "notifications needs three seconds for each message",
        [("QueueAging", _is("notifications", shop_queue="notifications"))],
        "notifications", "latency", 3,
    ),
    Fault(
        "messages that nobody can read",
        (("MessagesParked", {}),),
        "message poison-.* is parked",
        act.switch("orders", "poison-message", 20),
        act.switch("orders", "poison-message", 0),
    ),
    Fault(
        "nobody listens at the traces' endpoint of users",
        (("SpoolFilling", _is("users")),),
        "127.0.0.1:9/away",
        act.traces_to("/away"),
        act.restart("users"),
    ),
    Fault(
        "the traces' endpoint of users does not exist",
        (("TelemetryLost", _is("users", clew_signal="traces")),),
        "404",
        act.traces_to("/nowhere"),
        act.restart("users"),
    ),
    Fault(
        "kill -9 of Jaeger",
        (
            ("BackendDown", {"job": "jaeger"}),
            ("CollectorQueueFilling", {"exporter": "otlp_grpc/jaeger"}),
        ),
        r"jaeger +ended",
        act.kill("jaeger"),
        act.up("jaeger"),
    ),
    Fault(
        "log lines that are too old for Loki",
        (("CollectorLost", {"exporter": "otlp_http/loki"}),),
        "too old|older than",
        act.send_refused,
        act.stop_refused,
        quick=True,
    ),
    Fault(
        "kill -9 of the collector",
        (("CollectorSilent", {}),),
        r"collector +ended",
        act.kill("collector"),
        act.up("collector"),
    ),
    Fault(
        "something computes on each CPU",
        (("HostCpuBusy", {}),),
        "while True: pass",
        act.compute,
        act.end_children,
    ),
    Fault(
        "a tenth of the memory is taken",
        (("HostMemoryLow", {}),),
        "held = bytearray",
        act.hold_memory,
        act.end_children,
    ),
    Fault(
        "a file system is full",
        (("HostDiskFilling", {}),),
        "full-of-nothing",
        act.fill_disk,
        act.free_disk,
        act.not_root,
        quick=True,
    ),
)  # fmt: skip
