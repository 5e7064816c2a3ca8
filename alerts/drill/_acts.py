"""How faults are brought about and taken away again."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from alerts.drill._watch import wait_for_traffic
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
_FULL = "full-of-nothing"
_MONTH_S = 30 * 86_400
_FEW = 256  # file descriptors
_held: list[socket.socket] = []
_children: list[subprocess.Popen[bytes]] = []
_going_on: list[threading.Event] = []  # each ends one that sends beside the drill
_GOING_ON_S = 10.0  # one request's time


def switch(service: str, name: str, level: float) -> Act:
    """A fault that the service has itself."""
    return lambda world: world.fault(service, name, level)


def kill(component: str) -> Act:
    """kill -9 of a part of the stack."""
    return lambda world: os.kill(world.pid(component), signal.SIGKILL)


def up(component: str) -> Act:
    """Start it again."""
    return lambda world: (world.stack("up", component), None)[1]


def kill_worker(world: World) -> None:
    """kill -9 of one of catalog's processes; its master starts another."""
    master = world.shop.running["catalog"].pid
    found = subprocess.run(
        ["pgrep", "-P", str(master)], capture_output=True, text=True, check=True, timeout=10
    )
    os.kill(int(found.stdout.split()[0]), signal.SIGKILL)


def usual_is_known(world: World) -> None:
    """Wait until it is known how many requests are usual."""
    wait_for_traffic(world, usual=True)


def crowd(path: str, service: str, count: int = 80) -> Act:
    """So many requests at once, each of which waits for its answer."""

    def act(world: World) -> None:
        def ask() -> None:
            with suppress(OSError):
                urllib.request.urlopen(world.shop.url(service) + path, timeout=60).close()

        for _ in range(count):
            threading.Thread(target=ask, daemon=True).start()

    return act


def stream(path: str, service: str, per_second: float = 80) -> Act:
    """So many requests each second, until `stop`."""
    askers = 8

    def act(world: World) -> None:
        url = world.shop.url(service) + path
        for _ in range(askers):
            _go_on(lambda: urllib.request.Request(url), askers / per_second)

    return act


def stop(world: World) -> None:
    """No more of what goes on."""
    while _going_on:
        _going_on.pop().set()


def _go_on(request: Callable[[], urllib.request.Request], every_s: float) -> None:
    """Send such requests at that pace, until `stop`."""
    ended = threading.Event()
    _going_on.append(ended)

    def send() -> None:
        while not ended.wait(every_s):
            with suppress(OSError):
                urllib.request.urlopen(request(), timeout=_GOING_ON_S).close()

    threading.Thread(target=send, daemon=True).start()


def prefer(service: str) -> Act:
    """Let the service run before others, where that may be asked for: it shall be busy itself,
    however busy the machine is."""

    def act(world: World) -> None:
        # Each of its threads has a priority of its own, and gives it to those that it starts.
        for thread in Path(f"/proc/{world.shop.running[service].pid}/task").glob("*"):
            with suppress(PermissionError, ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), -15)

    return act


def both(*acts: Act) -> Act:
    """One after the other."""

    def act(world: World) -> None:
        for each in acts:
            each(world)

    return act


def restart(service: str, **environ: str) -> Act:
    """Start a service anew, with further variables."""
    return lambda world: world.restart(service, **environ)


def start(service: str) -> Act:
    """Start a service that is not there."""
    return lambda world: world.shop.start([service])


def traces_to(path: str) -> Act:
    """users sends its traces to that path of the collector, or to where nobody is."""

    def act(world: World) -> None:
        base = "http://127.0.0.1:9" if path == "/away" else world.url("CLEW_OTLP_HTTP_PORT")
        world.restart("users", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{base}{path}")

    return act


def hold_connections(world: World) -> None:
    """users may have few file descriptors, and gets many connections that say nothing."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A child begins with its parent's limits.
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FEW, before[1]))
    try:
        world.restart("users")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    place = ("127.0.0.1", world.shop.ports["users"])
    _held.extend(socket.create_connection(place, 5) for _ in range(int(_FEW * 0.75)))


def close_connections(world: World) -> None:
    """Close them, and let users have as many as before."""
    while _held:
        _held.pop().close()
    world.restart("users")


def send_refused(world: World) -> None:
    """Log lines of a month ago, which Loki does not take, until `stop`."""
    record = {
        "timeUnixNano": str(int((time.time() - _MONTH_S) * 1e9)),
        "body": {"stringValue": "too old"},
    }
    name = {"key": "service.name", "value": {"stringValue": "drill"}}
    body = {
        "resourceLogs": [
            {"resource": {"attributes": [name]}, "scopeLogs": [{"logRecords": [record]}]}
        ]
    }
    _go_on(
        lambda: urllib.request.Request(
            f"{world.url('CLEW_OTLP_HTTP_PORT')}/v1/logs",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        ),
        1,
    )


def compute(world: World) -> None:
    """Something on each CPU that gives way to everything else."""
    for _ in range(os.cpu_count() or 1):
        _spawn(_BURN)


def hold_memory(world: World) -> None:
    """A tenth of the machine's memory."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    _spawn(_HOLD, str(int(total * 0.1)))


def end_children(world: World) -> None:
    """End what the two above have started."""
    while _children:
        child = _children.pop()
        child.kill()
        child.wait()


def _spawn(code: str, *words: str) -> None:
    _children.append(subprocess.Popen(["nice", "-n", "19", sys.executable, "-c", code, *words]))


def fill_disk(world: World) -> None:
    """A small file system of its own, full. It stays until the end of the world."""
    disk = world.folder / "disk"
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "drill", str(disk)], check=True)
    world.running.callback(subprocess.run, ["umount", str(disk)], check=False)
    (disk / _FULL).write_bytes(bytes(15_500_000))


def free_disk(world: World) -> None:
    """Remove what fills it."""
    (world.folder / "disk" / _FULL).unlink()


def not_root() -> str | None:
    """Why `fill_disk` can't be had here."""
    return None if os.geteuid() == 0 else "a file system of its own needs root"
