"""The services of the shop as processes: commands, ports and settings of each."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 60.0  # s
HOST = "127.0.0.1"
# What a deploy changes: boards compare versions, and mark when a new one comes.
VERSION = "1.0.0"

_UVICORN = ("clew", "run", "uvicorn")
COMMANDS: dict[str, tuple[str, ...]] = {
    "users": (*_UVICORN, "demo_services.users.app:app"),
    "catalog": (
        *("clew", "run", "gunicorn", "-c", "demo_services/catalog/gunicorn.conf.py"),
        "demo_services.catalog.app:app",
    ),
    "payments": (*_UVICORN, "--factory", "demo_services.payments.app:from_environ"),
    "inventory": ("clew", "run", "python", "-m", "demo_services.inventory"),
    "notifications": ("clew", "run", "python", "-m", "demo_services.notifications"),
    "orders": (*_UVICORN, "--factory", "demo_services.orders.app:from_environ"),
    # Has its telemetry from one line in its code.
    "gateway": ("uvicorn", "demo_services.gateway.app:app"),
}
PORTS = {
    "gateway": 8000,
    "users": 8001,
    "catalog": 8002,
    "orders": 8003,
    "payments": 8004,
    "inventory": 8005,
}
ADMIN_PORTS = {name: 8100 + number for number, name in enumerate([*PORTS, "notifications"])}
_PORT_VARIABLES = {"catalog": "CATALOG_PORT", "inventory": "INVENTORY_PORT"}


class DidNotStart(Exception):
    """A service ended, or does not answer; the message has its last words."""


@dataclass(frozen=True)
class Stores:
    """Where data and events go. Empty: SQLite files, no broker, limits counted in the gateway."""

    database_url: str = ""
    bus_url: str = ""
    redis_url: str = ""


@dataclass
class Shop:
    """The running services. Their output goes to `folder`/NAME.log, one file for all restarts."""

    folder: Path
    environ: Mapping[str, str]
    stores: Stores = Stores()
    ports: Mapping[str, int] = field(default_factory=lambda: PORTS)
    admin_ports: Mapping[str, int] = field(default_factory=lambda: ADMIN_PORTS)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Those that can run: without a broker there is nothing to notify of."""
        return [name for name in COMMANDS if self.stores.bus_url or name != "notifications"]

    def start(self, names: Iterable[str]) -> None:
        """Start those services and wait until each answers. Raises DidNotStart."""
        self.folder.mkdir(parents=True, exist_ok=True)
        chosen = list(names)
        for name in chosen:
            with self.log(name).open("ab") as log:
                self.running[name] = subprocess.Popen(
                    self._command(name),
                    cwd=ROOT,
                    env=self._environ(name),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        for name in chosen:
            self._wait(name)

    def stop(self, names: Iterable[str] | None = None) -> None:
        """Ask those services, or all, to end, and wait until they have."""
        chosen = [name for name in names or list(self.running) if name in self.running]
        for name in chosen:
            self.running[name].terminate()
        for name in chosen:
            process = self.running.pop(name)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def kill(self, name: str) -> None:
        """End a service as a crash would."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self.ports[name]}"

    def admin_url(self, name: str) -> str:
        return f"http://{HOST}:{self.admin_ports[name]}"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _command(self, name: str) -> list[str]:
        program, *rest = COMMANDS[name]
        return [str(Path(sys.executable).with_name(program)), *rest]

    def _environ(self, name: str) -> dict[str, str]:
        own = {
            "OTEL_SERVICE_NAME": name,
            "ADMIN_PORT": str(self.admin_ports[name]),
            "DATABASE_URL": self.stores.database_url or f"sqlite:///{self.folder / name}.db",
            "BUS_URL": self.stores.bus_url,
            "REDIS_URL": self.stores.redis_url,
            "INVENTORY_ADDRESS": f"{HOST}:{self.ports['inventory']}",
            **{f"{other.upper()}_URL": self.url(other) for other in PORTS if other != "inventory"},
        }
        if name in self.ports:
            own[_PORT_VARIABLES.get(name, "UVICORN_PORT")] = str(self.ports[name])
        version = {"OTEL_RESOURCE_ATTRIBUTES": f"service.version={VERSION}"}
        return {**version, **self.environ, **own}

    def _wait(self, name: str) -> None:
        process = self.running[name]
        port = self.ports.get(name) or self.admin_ports[name]
        deadline = time.monotonic() + READY_WITHIN
        while process.poll() is None and time.monotonic() < deadline:
            if is_open(port):
                return
            time.sleep(0.05)
        said = self.log(name).read_text(errors="replace")[-2000:]
        raise DidNotStart(f"{name} did not come up. It said last:\n{said}")


def is_open(port: int) -> bool:
    """Whether something listens there. A connection only: a request would be counted."""
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True
