"""Where the demo's telemetry goes: into the lens, one process, or into the real backends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Protocol

from demo_services._processes import ROOT, DidNotStart, Stores, is_open

_LENS_URL = "http://127.0.0.1:4319"
_LENS_PORTS = (4317, 4318, 4319)
_ONCALL_PORT = 8007
_ONCALL_URL = f"http://localhost:{_ONCALL_PORT}"
_READY_WITHIN = 30.0  # s


class Place(Protocol):
    """Started before the shop, stopped after it."""

    # For `clew follow`, so that it reads here.
    environ: Mapping[str, str]

    def open(self, running: ExitStack) -> Stores:
        """Start, have `running` stop it, and tell what stores the shop may use.

        Raises:
            DidNotStart: the message says why.
        """

    def where(self, correlation_id: str) -> str:
        """Where to look, for people; `correlation_id` is of a request worth a look."""


class Lens:
    """The embedded default: nothing but Python. The shop's state is in SQLite files."""

    environ: Mapping[str, str] = {"CLEW_LENS_URL": _LENS_URL}

    def open(self, running: ExitStack) -> Stores:
        for port in _LENS_PORTS:
            if is_open(port):
                raise DidNotStart(
                    f"port {port}, which the lens needs, answers already. "
                    "Is another demo, a lens or a collector running? Stop it first."
                )
        log = ROOT / ".stack" / "lens.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as out:
            command = (sys.executable, "-m", "clew_lens")
            lens = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        running.callback(lens.wait)
        running.callback(lens.terminate)
        deadline = time.monotonic() + _READY_WITHIN
        while not _answers(_LENS_URL):
            if lens.poll() is not None or time.monotonic() > deadline:
                raise DidNotStart(f"the lens did not come up. It said:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        print(f"the lens is open: {_LENS_URL}", flush=True)
        # A file stands in for the broker, so that orders are told here too.
        bus = ROOT / ".stack" / "shop" / "bus.db"
        bus.parent.mkdir(parents=True, exist_ok=True)
        return Stores(bus_url=f"sqlite:///{bus}")

    def where(self, correlation_id: str) -> str:
        return (
            f"  the page     {_LENS_URL}\n"
            f"  that order   {_LENS_URL}/follow/{correlation_id}\n"
            f"  follow it    CLEW_LENS_URL={_LENS_URL} .venv/bin/clew follow {correlation_id}"
        )


class Backends:
    """The real Collector, Jaeger, Prometheus, Loki; PostgreSQL, RabbitMQ, Redis where installed."""

    environ: Mapping[str, str] = {}

    def open(self, running: ExitStack) -> Stores:
        if is_open(_ONCALL_PORT):
            raise DidNotStart(
                f"port {_ONCALL_PORT}, which the receiver of alerts needs, answers already."
            )
        running.callback(_stack, "down")
        _stack("up")
        _receiver(running)
        said = _stack("env", subprocess.PIPE)
        found = dict(line.split("=", 1) for line in said.splitlines())
        return Stores(
            found.get("CLEW_POSTGRES_URL", ""),
            found.get("CLEW_RABBITMQ_URL", ""),
            found.get("CLEW_REDIS_URL", ""),
        )

    def where(self, correlation_id: str) -> str:
        return (
            "  Jaeger       http://localhost:16686   query API\n"
            "  Prometheus   http://localhost:9090    query API\n"
            "  Loki         http://localhost:3100    query API\n"
            f"  alerts       {_ONCALL_URL}    those that fired, and their runbooks\n"
            f"  follow it    .venv/bin/clew follow {correlation_id}"
        )


def _receiver(running: ExitStack) -> None:
    """Start who the Alertmanager tells (backends/alertmanager/oncall.url)."""
    log = ROOT / ".stack" / "oncall.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "uvicorn", "demo_services.oncall.app:app"]
        command += ["--port", str(_ONCALL_PORT), "--log-level", "warning"]
        receiver = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    running.callback(receiver.wait)
    running.callback(receiver.terminate)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except OSError:
        return False
    return True


def _stack(verb: str, stdout: int | None = None) -> str:
    command = [sys.executable, "-m", "stack", verb]
    done = subprocess.run(command, cwd=ROOT, stdout=stdout, text=True, env=os.environ, check=False)
    if done.returncode:
        raise DidNotStart(f"`python -m stack {verb}` failed; what it said stands above.")
    return done.stdout or ""
