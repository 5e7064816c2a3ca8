"""Places where telemetry can be sent and read back; each is one more run of every test here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from clew.readers import Reader, reader_from_environ
from stack._ports import PORTS
from tests.e2e.processes import ROOT, answers, free_ports, process
from tests.e2e.wait import wait_until

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
    without = "postgres redis epmd rabbitmq"  # the two services here need none of them
    own = {"CLEW_STACK_DIR": str(folder), "CLEW_STACK_WITHOUT": without}
    environ = {**os.environ, **ports, **own}
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


@contextmanager
def lens(folder: Path) -> Iterator[Place]:
    """One process that receives, keeps and shows: the lens, with its data in memory."""
    page, otlp = free_ports(2)
    command = f"-m clew_lens --port {page} --otlp-http-port {otlp} --otlp-grpc-port off"
    environ = {"CLEW_LENS_URL": f"http://127.0.0.1:{page}"}
    output = folder / "lens.out", folder / "lens.err"
    with process([sys.executable, *command.split()], dict(os.environ), *output):
        wait_until(partial(answers, f"{environ['CLEW_LENS_URL']}/"), "the lens to answer")
        yield Place(f"http://127.0.0.1:{otlp}", reader_from_environ(environ), environ)


PLACES: dict[str, Callable[[Path], AbstractContextManager[Place]]] = {
    "native": native,
    "lens": lens,
}


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
