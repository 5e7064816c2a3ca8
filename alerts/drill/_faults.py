"""The faults: how each is brought about and taken away, and which alerts it must fire."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from alerts.drill._world import World

Act = Callable[[World], None]
_BURN = "while True: pass"
_HOLD = """
import sys, time
held = bytearray(int(sys.argv[1]))
for at in range(0, len(held), 4096):  # a page is taken when it is written to
    held[at] = 1
time.sleep(900)
"""
_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Fault:
    """`alerts` are (name, labels that it must have). `why_not` says why it can't be had here."""

    name: str
    alerts: tuple[tuple[str, dict[str, str]], ...]
    inject: Act
    remove: Act
    why_not: Callable[[], str | None] = lambda: None


def _set(service: str, name: str, level: float) -> Act:
    return lambda world: world.fault(service, name, level)


def _kill_worker(world: World) -> None:
    master = world.shop.running["catalog"].pid
    found = subprocess.run(
        ["pgrep", "-P", str(master)], capture_output=True, text=True, check=True, timeout=10
    )
    os.kill(int(found.stdout.split()[0]), signal.SIGKILL)


def _pile(world: World) -> None:
    world.fault("users", "latency", 45)

    def ask() -> None:
        with suppress(OSError):
            urllib.request.urlopen(f"{world.shop.url('users')}/users/1", timeout=60).close()

    for _ in range(80):
        threading.Thread(target=ask, daemon=True).start()


def _kill(component: str) -> Act:
    return lambda world: os.kill(world.pid(component), signal.SIGKILL)


def _up(component: str) -> Act:
    return lambda world: (world.stack("up", component), None)[1]


def _spawn(code: str, *words: str) -> None:
    _children.append(subprocess.Popen(["nice", "-n", "19", sys.executable, "-c", code, *words]))


def _end_children(world: World) -> None:
    while _children:
        child = _children.pop()
        child.kill()
        child.wait()


def _burn(world: World) -> None:
    for _ in range(os.cpu_count() or 1):
        _spawn(_BURN)


def _hold(world: World) -> None:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    _spawn(_HOLD, str(int(total * 0.1)))


def _fill_disk(world: World) -> None:
    disk = world.folder / "disk"
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "drill", str(disk)], check=True)
    (disk / "full").write_bytes(bytes(15_500_000))


def _free_disk(world: World) -> None:
    subprocess.run(["umount", str(world.folder / "disk")], check=False)


def _not_root() -> str | None:
    return None if os.geteuid() == 0 else "a file system of its own needs root"


def _users_traces_to(path: str | None) -> Act:
    def restart(world: World) -> None:
        if path is None:
            world.restart("users")
            return
        base = "http://127.0.0.1:9" if path == "/away" else world.url("CLEW_OTLP_HTTP_PORT")
        world.restart("users", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{base}{path}")

    return restart


def _start(world: World) -> None:
    world.shop.start(["users"])


_USERS, _ORDERS, _PAYMENTS = ({"service_name": n} for n in ("users", "orders", "payments"))

FAULTS = (
    Fault(
        "payments answers every request with an error",
        (
            ("ErrorRateHigh", _PAYMENTS),
            ("UnhandledException", _PAYMENTS),
            ("ErrorLinesBurst", _ORDERS),
            ("SloBurnFast", _PAYMENTS),
            ("SloBurnSteady", _PAYMENTS),
            ("SloBurnSlow", _PAYMENTS),
            ("SloBurnCreeping", _PAYMENTS),
            ("BreakerOpen", {**_ORDERS, "shop_downstream": "payments"}),
        ),
        _set("payments", "errors", 1),
        _set("payments", "errors", 0),
    ),
    Fault(
        "every charge is declined",
        (("OrdersCompensated", _ORDERS),),
        _set("payments", "payment-decline", 1),
        _set("payments", "payment-decline", 0),
    ),
    Fault(
        "users waits two seconds with each request",
        (("LatencyHigh", _USERS),),
        _set("users", "latency", 2),
        _set("users", "latency", 0),
    ),
    Fault(
        "80 requests at once to a users that does not answer",
        (("RequestsPilingUp", _USERS),),
        _pile,
        _set("users", "latency", 0),
    ),
    Fault(
        "five times as many visitors",
        (("RequestsSurged", {"service_name": "gateway"}),),
        lambda world: world.visit(40),
        lambda world: world.visit(),
    ),
    Fault(
        "no visitors",
        (("RequestsDropped", {"service_name": "gateway"}),),
        lambda world: world.leave(),
        lambda world: world.visit(),
    ),
    Fault(
        "kill -9 of users",
        (("ServiceSilent", _USERS),),
        lambda world: world.shop.kill("users"),
        _start,
    ),
    Fault(
        "kill -9 of a worker of catalog",
        (("InstanceGone", {"service_name": "catalog"}),),
        _kill_worker,
        lambda world: None,
    ),
    Fault(
        "nothing reaches the broker",
        (("EventsWaiting", _ORDERS),),
        _set("orders", "broker-down", 1),
        _set("orders", "broker-down", 0),
    ),
    Fault(
        "messages that nobody can read",
        (("MessagesParked", {}),),
        _set("orders", "poison-message", 5),
        _set("orders", "poison-message", 0),
    ),
    Fault(
        "nobody listens at the traces' endpoint of users",
        (("SpoolFilling", _USERS),),
        _users_traces_to("/away"),
        _users_traces_to(None),
    ),
    Fault(
        "the traces' endpoint of users does not exist",
        (("TelemetryLost", {**_USERS, "clew_signal": "traces"}),),
        _users_traces_to("/nowhere"),
        _users_traces_to(None),
    ),
    Fault(
        "kill -9 of Jaeger",
        (
            ("BackendDown", {"job": "jaeger"}),
            ("CollectorQueueFilling", {"exporter": "otlp_grpc/jaeger"}),
        ),
        _kill("jaeger"),
        _up("jaeger"),
    ),
    Fault(
        "kill -9 of the collector", (("CollectorSilent", {}),), _kill("collector"), _up("collector")
    ),
    Fault("something computes on each CPU", (("HostCpuBusy", {}),), _burn, _end_children),
    Fault("a tenth of the memory is taken", (("HostMemoryLow", {}),), _hold, _end_children),
    Fault("a file system is full", (("HostDiskFilling", {}),), _fill_disk, _free_disk, _not_root),
)
