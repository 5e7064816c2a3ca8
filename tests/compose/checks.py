"""What the engine's tests ask of a container, and of an order that goes through the shop."""

import json
import urllib.request
from typing import Any

from clew.readers import NativeReader, TraceId
from tests.compose.probe import Probe
from tests.compose.project import Project
from tests.e2e.wait import wait_until

DEADLINE = 60.0
"""Seconds in which what was sent is stored."""
_WHOLE_SHOP = {*("gateway", "users", "orders", "inventory", "payments", "catalog", "notifications")}


def has_no_privileges(project: Project, name: str) -> None:
    """Assert that the main process is an ordinary user's, without capabilities to have or gain."""
    pid = project.inspect(name)["State"]["Pid"]
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert "0" not in status["Uid"].split()
    assert int(status["CapEff"], 16) == 0
    assert int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def is_held_to_limits(project: Project, name: str) -> None:
    """Assert that it is held to memory, processors and processes, on a read-only root."""
    host = project.inspect(name)["HostConfig"]
    assert 0 < host["Memory"] <= 1024**3
    assert 0 < host["NanoCpus"] <= 10**9
    assert 0 < host["PidsLimit"] <= 512
    assert host["ReadonlyRootfs"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def place_order(project: Project, probe: Probe) -> dict[str, Any]:
    """Order one clew at the edge, in the probe's trace; what was answered."""
    body = {"user_id": 1, "items": [{"sku": "clew", "quantity": 1}]}
    request = urllib.request.Request(
        project.url("CLEW_GATEWAY_PORT", "/orders"),
        data=json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "traceparent": f"00-{probe.trace_id}-{probe.span_id}-01",
            "X-Correlation-ID": probe.correlation_id,
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        placed = json.load(answer)
    assert isinstance(placed, dict)
    return placed


def reaches_the_whole_shop(reader: NativeReader, probe: Probe) -> None:
    """Wait until the probe's trace has spans of those that an order passes, and of no other."""
    wait_until(
        lambda: services_of_trace(reader, probe) == _WHOLE_SHOP,
        "a trace of seven services",
        DEADLINE,
    )


def services_of_trace(reader: NativeReader, probe: Probe) -> set[str]:
    """The services that have a span in the probe's trace, as far as it is stored."""
    return {span.service for span in reader.trace(TraceId(probe.trace_id))}
