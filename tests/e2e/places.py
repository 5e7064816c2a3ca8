"""Places where telemetry can be sent and read back; each is one more run of every test here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from clew.readers import Reader, reader_from_environ
from stack._ports import PORTS

ROOT = Path(__file__).parents[2]

# Long enough to build the backends where nobody has fetched them before.
_START_TIMEOUT_S = 3600
_STOP_TIMEOUT_S = 120


@dataclass(frozen=True)
class Place:
    """Where services send (`otlp_endpoint`), what reads it back, and what tells a command where."""

    otlp_endpoint: str
    reader: Reader
    environ: dict[str, str]


@contextmanager
def native(folder: Path) -> Iterator[Place]:
    """Collector, Jaeger, Loki and Prometheus, on free ports, with their data in `folder`."""
    numbers = free_ports(len(PORTS))
    ports = {port.variable: str(number) for port, number in zip(PORTS, numbers, strict=True)}
    environ = {**os.environ, **ports, "CLEW_STACK_DIR": str(folder)}
    _stack("up", environ, _START_TIMEOUT_S)
    try:
        addresses = {
            "CLEW_JAEGER_URL": f"http://127.0.0.1:{ports['CLEW_JAEGER_QUERY_PORT']}",
            "CLEW_LOKI_URL": f"http://127.0.0.1:{ports['CLEW_LOKI_PORT']}",
            "CLEW_PROMETHEUS_URL": f"http://127.0.0.1:{ports['CLEW_PROMETHEUS_PORT']}",
        }
        yield Place(
            f"http://127.0.0.1:{ports['CLEW_OTLP_HTTP_PORT']}",
            reader_from_environ(addresses),
            addresses,
        )
    finally:
        _stack("down", environ, _STOP_TIMEOUT_S)


PLACES: dict[str, Callable[[Path], AbstractContextManager[Place]]] = {"native": native}


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _stack(command: str, environ: dict[str, str], timeout_s: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "stack", command],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert ended.returncode == 0, f"stack {command} failed:\n{ended.stdout}{ended.stderr}"
