"""The faults of a drill, in rounds: those of one round come at once; none disturbs another."""

from __future__ import annotations

from alerts.drill import _acts as act
from alerts.drill import _tls as tls
from alerts.drill._fault import Fault, burns, of, switched

ROUNDS = (
    (
        Fault(
            "payments answers every request with an error",
            (
                ("ErrorRateHigh", of("payments")),
                ("UnhandledException", of("payments")),
                ("ErrorLinesBurst", of("orders")),
                *burns("payments", "Fast", "Steady", "Slow", "Creeping"),
                ("BreakerOpen", of("orders", shop_downstream="payments")),
            ),
            "switched on: this request fails",
            act.switch("payments", "errors", 1),
            act.switch("payments", "errors", 0),
        ),
        switched(
            "users waits a second and a half with each request",
            [("LatencyHigh", of("users"))],
            "users", "latency", 1.5,
        ),
        Fault(
            "kill -9 of a worker of catalog",
            (("InstanceGone", of("catalog")),),
            "SIGKILL",
            act.kill_worker,
            lambda world: None,
        ),
        Fault(
            "log lines that are too old for Loki",
            (("CollectorLost", {"exporter": "otlp_http/loki"}),),
            "too old|older than",
            act.send_refused,
            act.stop,
        ),
        Fault(
            "a file system is full",
            (("HostDiskFilling", {}),),
            "full-of-nothing",
            act.fill_disk,
            act.free_disk,
            act.not_root,
        ),
    ),
    (
        Fault(
            "every charge is declined",
            (("OrdersCompensated", of("orders")),),
            "declined the charge for order",
            act.switch("payments", "payment-decline", 1),
            act.switch("payments", "payment-decline", 0),
        ),
        Fault(
            "users blocks its event loop for a third of a second with each request",
            (("EventLoopBlocked", of("users")),),
            "in strike_in_loop",
            act.switch("users", "event-loop-block", 0.33),
            act.switch("users", "event-loop-block", 0),
        ),
        Fault(
            "a tenth of the memory is taken",
            (("HostMemoryLow", {}),),
            "held = bytearray",
            act.hold_memory,
            act.end_children,
        ),
    ),
    (
        switched(
            "nothing reaches the broker",
            [("EventsWaiting", of("orders"))],
            "orders", "broker-down", 1,
        ),
        Fault(
            "users keeps three mebibytes of each request",
            (("ProcessMemoryHigh", of("users")),),
            "fault memory-leak is switched to 3",
            act.switch("users", "memory-leak", 3),
            act.restart("users"),
        ),
    ),
    (
        switched(
            "notifications needs three seconds for each message",
            [("QueueAging", of("notifications", shop_queue="notifications"))],
            "notifications", "latency", 3,
        ),
        Fault(
            "many connections to users that say nothing",
            (("FileDescriptorsLow", of("users")),),
            r"\b(19|20)[0-9] 127\.0\.0\.1:",
            act.hold_connections,
            act.close_connections,
        ),
    ),
    (
        Fault(
            "messages that nobody can read",
            (("MessagesParked", {}),),
            "message poison-.* is parked",
            act.switch("orders", "poison-message", 500),
            act.switch("orders", "poison-message", 0),
        ),
        Fault(
            "nobody listens at the traces' endpoint of users",
            (("SpoolFilling", of("users")),),
            "127.0.0.1:9/away",
            act.traces_to("/away"),
            act.restart("users"),
        ),
    ),
    (
        Fault(
            "80 requests at once to an orders whose database is slow",
            (("ThreadPoolFull", of("orders", clew_thread_pool_name="anyio")),),
            "fault slow-query is switched to 20",
            act.both(act.switch("orders", "slow-query", 20), act.crowd("/orders/none", "orders")),
            act.switch("orders", "slow-query", 0),
        ),
        Fault(
            "the traces' endpoint of users does not exist",
            (("TelemetryLost", of("users", clew_signal="traces")),),
            "404",
            act.traces_to("/nowhere"),
            act.restart("users"),
        ),
    ),
    (
        Fault(
            "two requests to users compute for a minute each",
            (("ProcessCpuBusy", of("users")),),
            "fault cpu-burn is switched to 60",
            # Without visitors, so that the other services leave it a processor.
            act.both(
                lambda world: world.leave(),
                act.prefer("users"),
                act.switch("users", "cpu-burn", 60),
                act.crowd("/users/1", "users", 2),
            ),
            act.both(act.restart("users"), lambda world: world.visit()),
        ),
    ),
    (
        Fault(
            "80 requests at once to a users that does not answer",
            (("RequestsPilingUp", of("users")),),
            "fault latency is switched to 45",
            act.both(act.switch("users", "latency", 45), act.crowd("/users/1", "users")),
            act.switch("users", "latency", 0),
        ),
    ),
    (
        Fault(
            "80 requests a second for the goods",
            (("RequestsSurged", of("gateway")),),
            "GET /products 200",
            act.stream("/products", "gateway"),
            act.stop,
            before=act.usual_is_known,
        ),
    ),
    (
        Fault(
            "no visitors",
            (("RequestsDropped", of("gateway")),),
            # Less than one request a second, of about eight.
            r'"gateway"\}, "value": \[[0-9.e+]+, "0(\.[0-9]+)?"',
            lambda world: world.leave(),
            lambda world: world.visit(),
            before=act.usual_is_known,
        ),
    ),
    (
        Fault(
            "kill -9 of users",
            (("ServiceSilent", of("users")),),
            "Connection ?(refused|Error)",
            lambda world: world.shop.kill("users"),
            act.start("users"),
        ),
    ),
    (
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
    ),
    (
        Fault(
            "kill -9 of the collector",
            (("CollectorSilent", {}),),
            r"collector +ended",
            act.kill("collector"),
            act.up("collector"),
        ),
    ),
    (
        Fault(
            "the certificate of users' traces endpoint ends within a day",
            (("CertificateExpiring", {"server_address": "127.0.0.1"}),),
            "notAfter=",
            tls.traces_by_tls,
            tls.traces_as_usual,
            tls.no_openssl,
        ),
        Fault(
            "something computes on each CPU",
            (("HostCpuBusy", {}),),
            "while True: pass",
            act.compute,
            act.end_children,
        ),
    ),
)  # fmt: skip
# What CI has time for.
SHORT = ROUNDS[:1]
FAULTS = tuple(fault for at_once in ROUNDS for fault in at_once)
