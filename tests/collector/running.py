"""The real collector on free ports, with files of this checkout, between a sender and sinks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stack._settings import ROOT
from tests.backends.own_stack import binary

CONFIG = ROOT / "collector_config"
_SECONDS = 60.0
# Of options/agent_to_kafka.yaml and options/gateway_from_kafka.yaml.
KAFKA_GROUP = "clew-gateway"
KAFKA_TOPICS = {"traces": "clew-traces", "metrics": "clew-metrics", "logs": "clew-logs"}


@dataclass
class Collector:
    """A collector process. `files` are relative to collector_config, or paths of their own.

    `program` is the name that `stack` has for it.
    """

    files: Sequence[str | Path]
    environ: Mapping[str, str]
    folder: Path
    ports: Mapping[str, int]
    program: str = "otelcol"
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.ports['grpc']}"

    @property
    def said(self) -> str:
        """The end of what it has logged."""
        return (self.folder / "collector.log").read_text(errors="replace")[-3000:]

    def start(self) -> None:
        """Start it and wait until its health check answers."""
        configs = [part for name in self.files for part in ("--config", str(CONFIG / name))]
        with (self.folder / "collector.log").open("ab") as log:
            self.process = subprocess.Popen(
                [binary(self.program), *configs], env=dict(self.environ), stdout=log, stderr=log
            )
        deadline = time.monotonic() + _SECONDS
        while not self._healthy():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def _healthy(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.ports['health']}/"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal and wait until it has ended; if it does not, kill it and raise."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextmanager
def gateway(
    folder: Path,
    *files: str | Path,
    jaeger: str,
    loki: str,
    prometheus: str,
    program: str = "otelcol",
    **environ: str,
) -> Iterator[Collector]:
    """A gateway that sends to the given addresses; `files` are merged over gateway.yaml."""
    grpc, http, health = free_ports(3)
    own = {
        "CLEW_OTLP_GRPC_PORT": str(grpc),
        "CLEW_OTLP_HTTP_PORT": str(http),
        "CLEW_COLLECTOR_HEALTH_PORT": str(health),
        "CLEW_COLLECTOR_DATA_DIR": str(folder / "queues"),
        "CLEW_JAEGER_OTLP_GRPC_ADDRESS": jaeger,
        "CLEW_LOKI_URL": loki,
        "CLEW_PROMETHEUS_URL": prometheus,
    }
    ports = {"grpc": grpc, "http": http, "health": health}
    all_files = ("gateway.yaml", *files)
    with _running(Collector(all_files, _environ(own, environ), folder, ports, program)) as it:
        yield it


@contextmanager
def agent(
    folder: Path, *files: str | Path, gateway: str, program: str = "otelcol", **environ: str
) -> Iterator[Collector]:
    """An agent before the gateway at host:port; `files` are merged over agent.yaml."""
    grpc, http, health = free_ports(3)
    own = {
        "CLEW_AGENT_OTLP_GRPC_PORT": str(grpc),
        "CLEW_AGENT_OTLP_HTTP_PORT": str(http),
        "CLEW_AGENT_HEALTH_PORT": str(health),
        "CLEW_AGENT_DATA_DIR": str(folder / "queues"),
        "CLEW_GATEWAY_OTLP_GRPC_ADDRESS": gateway,
    }
    ports = {"grpc": grpc, "http": http, "health": health}
    all_files = ("options/hosts.yaml", "agent.yaml", *files)
    with _running(Collector(all_files, _environ(own, environ), folder, ports, program)) as it:
        yield it


@contextmanager
def _running(collector: Collector) -> Iterator[Collector]:
    collector.folder.mkdir(parents=True, exist_ok=True)
    try:
        collector.start()
        yield collector
    finally:
        collector.end()


def _environ(own: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, **own, **more}


def free_ports(count: int) -> list[int]:
    """Ports that are free now, no number twice."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_until(what: object, seconds: float = _SECONDS) -> None:
    """Call `what` until it is true; fail at the deadline."""
    assert callable(what)
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.05)
