"""The collectors in the cluster are started as natively, and told all that their files ask for."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack import _collector_files
from stack._settings import Settings
from tests.backends.own_stack import binary
from tests.deploy.rendered import OVERLAYS, ROOT, Workload, workloads

_ASKED = re.compile(r"\$\{env:(\w+)")
_FOLDERS = {
    "/etc/clew/files/": ROOT / "collector_config",
    "/etc/clew/options/": ROOT / "collector_config" / "options",
    "/etc/clew/kubernetes/": ROOT / "deploy" / "kubernetes" / "balancing",
}
FLEET_ONLY = ("agent_balancing.yaml",)
"""Files with a part that only the fleet's collector has: tests/collector/test_fleet.py runs it."""
_FROM_BACKENDS = {
    "CLEW_JAEGER_OTLP_GRPC_ADDRESS": "jaeger:14317",
    "CLEW_PROMETHEUS_URL": "http://prometheus:9090",
    "CLEW_LOKI_URL": "http://loki:3100",
}


def collector(overlay: str, name: str) -> Workload:
    (found,) = [each for each in workloads(overlay) if each.name == name]
    return found


def given(workload: Workload) -> dict[str, str]:
    """The container's environment; a value that only a cluster has is a word."""
    container = workload.containers[0]
    own = {each["name"]: each.get("value", "some") for each in container["env"]}
    return own | (_FROM_BACKENDS if "envFrom" in container else {})


def files(workload: Workload) -> list[Path]:
    """The checkout's files that the container's arguments name, in order."""
    found = []
    for argument in workload.containers[0]["args"]:
        path = argument.removeprefix("--config=")
        for variable, value in given(workload).items():
            path = path.replace(f"$({variable})", value)
        folder, _, name = path.rpartition("/")
        found.append(_FOLDERS[f"{folder}/"] / name)
    return found


each_collector = pytest.mark.parametrize("name", ["clew-agents/agent", "clew/gateway"])


@pytest.mark.parametrize("overlay", OVERLAYS)
@each_collector
def test_every_variable_of_a_configuration_is_given(overlay: str, name: str) -> None:
    """No default meant for 127.0.0.1 is left to hold in a pod. Sampling and intervals have good
    ones."""
    workload = collector(overlay, name)
    for file in files(workload):
        text = re.sub(r"(?m)^\s*#.*$", "", file.read_text(encoding="utf-8"))
        missing = set(_ASKED.findall(text)) - given(workload).keys()
        assert {
            each
            for each in missing
            if not each.startswith(("CLEW_SAMPLING_", "CLEW_FOLLOWED"))
            and not each.endswith("_METRICS_INTERVAL")
        } == set()


def test_files_are_those_that_run_natively(tmp_path: Path) -> None:
    """In their order, with a token; but the machine's metrics are the agents' alone."""
    environ = {"HOME": str(tmp_path), "CLEW_OTLP_TOKEN": "t", "CLEW_LOGS": "files"}
    settings = Settings.read(environ)
    agent = [Path(word.partition("=")[2]).name for word in _collector_files.agent(settings)]
    gateway = [Path(word.partition("=")[2]).name for word in _collector_files.gateway(settings)]
    gateway.remove("hosts.yaml")
    assert [file.name for file in files(collector("demo", "clew-agents/agent"))] == agent
    assert [file.name for file in files(collector("demo", "clew/gateway"))] == gateway


def test_balancing_comes_with_the_sampling_that_needs_it() -> None:
    """In production agents choose the gateway by trace id, and gateways sample."""
    agent = [file.name for file in files(collector("production", "clew-agents/agent"))]
    gateway = [file.name for file in files(collector("production", "clew/gateway"))]
    assert agent[-1] == "agent_balancing.yaml"
    assert "sampling_tail.yaml" in gateway
    assert "sampling_none.yaml" not in gateway


def test_the_balancer_sends_traces_past_the_plain_exporter() -> None:
    """Merged, no pipeline of traces ends in an exporter that ignores the trace id."""
    merged: dict[str, Any] = {}
    for file in files(collector("production", "clew-agents/agent")):
        merged = _merge(merged, yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    assert merged["service"]["pipelines"]["traces"]["exporters"] == ["load_balancing"]
    assert merged["exporters"]["load_balancing"]["sending_queue"]["storage"] == "file_storage"
    for pipeline in merged["service"]["pipelines"].values():
        assert set(pipeline["exporters"]) <= merged["exporters"].keys()


@pytest.mark.backends
@pytest.mark.parametrize("overlay", OVERLAYS)
@each_collector
def test_the_collector_takes_its_files(overlay: str, name: str) -> None:
    """`otelcol validate`, with the files and the environment of the pod."""
    workload = collector(overlay, name)
    runnable = [file for file in files(workload) if file.name not in FLEET_ONLY]
    own = {"CLEW_HOST_ROOT": "/"} if "CLEW_HOST_ROOT" in given(workload) else {}
    environ = {**given(workload), **own, "PATH": os.environ["PATH"]}
    said = subprocess.run(
        [binary("otelcol"), "validate", *(f"--config={file}" for file in runnable)],
        capture_output=True,
        text=True,
        env=environ,
    )
    assert said.returncode == 0, said.stderr


def _merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """As the collector merges: maps key by key, anything else replaced."""
    result = dict(under)
    for key, value in over.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[key] = _merge(old, value) if both else value  # type: ignore[arg-type]
    return result
