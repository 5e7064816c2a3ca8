"""What a drill happens in: a stack with shortened rules, the shop, its visitors, and on-call."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from alerts._model import Places, Scale
from alerts._write import files, write
from demo_services._processes import ROOT, Shop, Stores
from stack._ports import PORTS

_HOST = "127.0.0.1"
_START_S = 3600.0  # the first start may build the backends
_STORES = "postgres redis epmd rabbitmq"
# What waits for one backend in the drill's collector, so that a queue fills within a minute.
_QUEUE_BYTES = 2_000_000


@dataclass
class World:
    """Everything runs between `open` and the end of `running`."""

    folder: Path
    factor: float
    interval_s: float = 2
    memory_bound: float = 0.9
    cpu_bound: float = 0.97
    largest_process: float = 300e6
    environ: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    running: ExitStack = field(default_factory=ExitStack)
    shop: Shop = field(init=False)
    visitors: subprocess.Popen[bytes] | None = None

    def open(self, running: ExitStack) -> None:
        """Start the stack, the receiver, the shop and its visitors; `running` ends them."""
        self.running = running
        names = [port.variable for port in PORTS]
        shop_names = ["gateway", "users", "catalog", "orders", "payments", "inventory"]
        admin_names = [*shop_names, "notifications"]
        numbers = iter(_free_ports(len(names) + len(shop_names) + len(admin_names) + 1))
        self.ports = {name: next(numbers) for name in names}
        shop_ports = {name: next(numbers) for name in shop_names}
        admin_ports = {name: next(numbers) for name in admin_names}
        self.ports["oncall"] = next(numbers)
        self._write_rules()
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "CLEW_"))},
            **{k: v for k, v in os.environ.items() if k == "CLEW_BACKENDS_DIR"},
            **{name: str(self.ports[name]) for name in names},
            "CLEW_STACK_DIR": str(self.folder / "stack"),
            "CLEW_STACK_WITHOUT": _STORES,
            "CLEW_ALERTS_DIR": str(self.folder / "alerts"),
            "CLEW_ALERTMANAGER_CONFIG": str(self.folder / "alertmanager.yml"),
            "CLEW_COLLECTOR_QUEUE_BYTES": str(_QUEUE_BYTES),
            "CLEW_COLLECTOR_METRICS_INTERVAL": "5000",
            "CLEW_HOST_METRICS_INTERVAL": "5s",
        }
        running.callback(self.stack, "down")
        self.stack("up")
        self._oncall(running)
        telemetry = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url("CLEW_OTLP_HTTP_PORT"),
            "OTEL_METRIC_EXPORT_INTERVAL": str(int(self.interval_s * 1000)),
            "CLEW_SPOOL_DIR": str(self.folder / "spool"),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "PYTHONPATH": str(ROOT),
            "RATE_LIMIT": "100000/minute",
        }
        stores = Stores(bus_url=f"sqlite:///{self.folder / 'bus.db'}")
        own = {**{k: v for k, v in self.environ.items() if not k.startswith("CLEW_")}, **telemetry}
        self.shop = Shop(self.folder / "shop", own, stores, shop_ports, admin_ports)
        running.callback(self.shop.stop)
        self.shop.start(self.shop.names)
        running.callback(self.leave)
        self.visit()

    def _write_rules(self) -> None:
        places = Places(runbooks=f"http://{_HOST}:{self.ports['oncall']}/runbooks")
        write(self.folder / "alerts", files(self.scale, places))
        # The checkout's own routing and muting, with shorter waits, to this drill's receiver.
        routing = yaml.safe_load((ROOT / "backends/alertmanager/alertmanager.yml").read_text())
        for route in (routing["route"], *routing["route"]["routes"]):
            route.update(group_wait="1s", group_interval="2s")
        (self.folder / "alertmanager.yml").write_text(yaml.safe_dump(routing))
        (self.folder / "oncall.url").write_text(f"http://{_HOST}:{self.ports['oncall']}/alerts")

    def _oncall(self, running: ExitStack) -> None:
        with (self.folder / "oncall.log").open("wb") as log:
            receiver = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "demo_services.oncall.app:app"]
                + ["--port", str(self.ports["oncall"]), "--log-level", "warning"],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        running.callback(receiver.wait)
        running.callback(receiver.terminate)

    @property
    def scale(self) -> Scale:
        """Durations and bounds of the rules here."""
        return Scale(
            self.factor, self.interval_s, self.memory_bound, self.cpu_bound, self.largest_process
        )

    def stack(self, *words: str) -> str:
        """Run a command of the stack; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "stack", *words],
            cwd=ROOT, env=self.environ, capture_output=True, text=True,
            timeout=_START_S, check=False,
        )  # fmt: skip
        if done.returncode and words[0] != "status":
            raise RuntimeError(f"stack {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def pid(self, component: str) -> int:
        """The process of a component that is up."""
        found = {one["name"]: one["pid"] for one in json.loads(self.stack("status", "--json"))}
        return int(found[component])

    def visit(self, rate: float = 8, mixed: bool = False) -> None:
        """Let visitors come, that many a second. None goes wrong on purpose, unless `mixed`."""
        self.leave()
        wrong = "" if mixed else " --fail 0 --sold-out 0 --not-found 0"
        with (self.folder / "visitors.log").open("ab") as log:
            self.visitors = subprocess.Popen(
                [sys.executable, "-m", "demo_services.load", "--url", self.shop.url("gateway")]
                + f"--rate {rate} --duration 3600{wrong}".split(),
                cwd=ROOT,
                env=self.shop.environ,
                stdout=log,
                stderr=log,
            )

    def leave(self) -> None:
        """Let no visitor come."""
        if self.visitors is not None:
            self.visitors.terminate()
            self.visitors.wait()
            self.visitors = None

    def url(self, port: str) -> str:
        return f"http://{_HOST}:{self.ports[port]}"

    @property
    def urls(self) -> dict[str, str]:
        """Addresses of the stores by the type of data source."""
        return {
            "prometheus": self.url("CLEW_PROMETHEUS_PORT"),
            "loki": self.url("CLEW_LOKI_PORT"),
            "jaeger": self.url("CLEW_JAEGER_QUERY_PORT"),
        }

    @property
    def tools(self) -> dict[str, str]:
        """The environment of a shell in which this project's commands work."""
        return {**self.environ, "PATH": self.shop.environ["PATH"]}

    def get(self, port: str, path: str, **query: str) -> Any:
        """What a server of the drill answers, as objects; None where it doesn't answer."""
        address = f"{self.url(port)}{path}"
        if query:
            address += f"?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def fault(self, service: str, name: str, level: float) -> None:
        """Set a fault of a service by its admin port."""
        request = urllib.request.Request(
            f"{self.shop.admin_url(service)}/faults/{name}",
            json.dumps({"level": level}).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=10).close()

    def clear(self, service: str) -> None:
        """Switch all faults of a service off."""
        request = urllib.request.Request(f"{self.shop.admin_url(service)}/faults", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()

    def restart(self, service: str, **environ: str) -> None:
        """Stop a service and start it with further variables."""
        self.shop.stop([service])
        usual = self.shop.environ
        self.shop.environ = {**usual, **environ}
        self.shop.start([service])
        self.shop.environ = usual


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind((_HOST, 0))
        return [int(each.getsockname()[1]) for each in held]
    finally:
        for each in held:
            each.close()


def now() -> float:
    return time.monotonic()
