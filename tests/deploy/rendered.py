"""What kustomize makes of each overlay, as objects."""

import functools
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ("demo", "production")
_WITH_PODS = ("DaemonSet", "Deployment", "StatefulSet")


@dataclass(frozen=True)
class Workload:
    """What makes pods: `fields` is the whole object."""

    fields: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.fields['metadata']['namespace']}/{self.fields['metadata']['name']}"

    @property
    def pod(self) -> dict[str, Any]:
        """The pod's spec."""
        found: dict[str, Any] = self.fields["spec"]["template"]["spec"]
        return found

    @property
    def labels(self) -> dict[str, str]:
        """The pod's labels."""
        found: dict[str, str] = self.fields["spec"]["template"]["metadata"]["labels"]
        return found

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Those that go on running."""
        return list(self.pod["containers"])

    @property
    def all_containers(self) -> list[dict[str, Any]]:
        return [*self.pod.get("initContainers", []), *self.containers]


@functools.cache
def objects(overlay: str) -> list[dict[str, Any]]:
    """The objects that `kubectl apply -k` would send; skips where there is no kubectl."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl, which has kustomize in it, is not on this machine")
    folder = ROOT / "deploy" / "kubernetes" / "overlays" / overlay
    said = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return [document for document in yaml.load_all(said.stdout, yaml.CSafeLoader) if document]


def of_kind(overlay: str, *kinds: str) -> list[dict[str, Any]]:
    return [each for each in objects(overlay) if each["kind"] in kinds]


def workloads(overlay: str) -> list[Workload]:
    return [Workload(each) for each in of_kind(overlay, *_WITH_PODS)]


def named(overlay: str, kind: str) -> set[tuple[str, str]]:
    """Namespace and name of each object of `kind`."""
    return {
        (each["metadata"].get("namespace", ""), each["metadata"]["name"])
        for each in of_kind(overlay, kind)
    }


def asked_for(workload: Workload) -> Iterator[tuple[str, str]]:
    """Kind and name of each ConfigMap and Secret that the pods can't start without."""
    for volume in workload.pod.get("volumes", []):
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            if "configMap" in source:
                yield "ConfigMap", source["configMap"]["name"]
    for container in workload.all_containers:
        for source in container.get("envFrom", []):
            yield "ConfigMap", source["configMapRef"]["name"]
        for variable in container.get("env", []):
            secret = variable.get("valueFrom", {}).get("secretKeyRef")
            if secret:
                yield "Secret", secret["name"]
