"""The demo services as processes. A service is added by one line in SERVICES."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.e2e.places import Place
from tests.e2e.processes import ROOT, answers, bin_path, free_ports, process
from tests.e2e.wait import wait_until


@dataclass(frozen=True)
class Service:
    """How to start a service, and the route on which the known request passes through it.

    `needs` names, by variable, the services whose address it must know.
    """

    name: str
    command: str
    route: str
    needs: dict[str, str] = field(default_factory=dict)


SERVICES = (
    Service("users", "clew run uvicorn demo_services.users.app:app", "/users/{user_id}"),
    Service(
        "gateway",
        "uvicorn demo_services.gateway.app:app",
        "/users/{user_id}",
        {"USERS_URL": "users"},
    ),
)


@dataclass(frozen=True)
class Running:
    """A service that runs: its address, and the file that takes its standard output."""

    service: Service
    url: str
    stdout: Path

    def lines(self, correlation_id: str) -> list[dict[str, Any]]:
        """The JSON log lines on its standard output that carry that correlation id."""
        text = self.stdout.read_text(encoding="utf-8")
        whole, _, _ = text.rpartition("\n")  # the last line may be half written
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if line.get("correlation_id") == correlation_id]


@contextmanager
def run_services(place: Place, folder: Path) -> Iterator[dict[str, Running]]:
    """Every service of the table, by name, ready to answer; they end with the `with`."""
    ports = dict(
        zip([service.name for service in SERVICES], free_ports(len(SERVICES)), strict=True)
    )
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as processes:
        running = {}
        for service in SERVICES:
            environ = {
                **_environ(place),
                "OTEL_SERVICE_NAME": service.name,
                **{variable: urls[needed] for variable, needed in service.needs.items()},
            }
            command = f"{service.command} --port {ports[service.name]}".split()
            stdout = folder / f"{service.name}.out"
            processes.enter_context(
                process(command, environ, stdout, folder / f"{service.name}.err")
            )
            running[service.name] = Running(service, urls[service.name], stdout)
        for one in running.values():
            wait_until(partial(answers, f"{one.url}/openapi.json"), f"{one.service.name} to answer")
        yield running


def _environ(place: Place) -> dict[str, str]:
    """The environment of a service: nobody's settings but ours, and exports without delay."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CLEW_"))
    }
    return {
        **kept,
        "PATH": bin_path(kept.get("PATH", "")),
        "PYTHONPATH": str(ROOT),
        "OTEL_EXPORTER_OTLP_ENDPOINT": place.otlp_endpoint,
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
    }
