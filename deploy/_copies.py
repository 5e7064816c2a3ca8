"""What deploy/kubernetes has of other rooms: lists of their files, and their rules as an object.

kustomize makes ConfigMaps of files, but has no pattern for "all files of a folder", and takes only
files below the kustomization. So each room has a `kustomization.yaml` of its own, which this module
writes: the files stay where they are, and no copy of them exists. The one exception is the
Prometheus operator's PrometheusRule, which holds rules as part of an object rather than as a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
_HEAD = "# Written by `python -m deploy`, for deploy/kubernetes: these files as ConfigMaps.\n"
_OPERATOR = Path("deploy/kubernetes/operator/rules.yaml")


@dataclass(frozen=True)
class Map:
    """One ConfigMap: its name, and the files that it holds, as patterns below the room."""

    name: str
    patterns: Sequence[str]


ROOMS = {
    "collector_config": (
        Map("collector-files", ("gateway.yaml", "agent.yaml")),
        Map("collector-options", ("options/*.yaml",)),
    ),
    "alerts": (
        Map("rules", ("*.rules.yml",)),
        Map("rules-loki", ("loki/fake/*.yml",)),
        Map("runbooks", ("runbooks/*.md",)),
    ),
    "dashboards": (Map("dashboards", ("generated/*.json",)),),
    "backends": (
        Map("jaeger", ("jaeger/config.yaml",)),
        Map("loki", ("loki/config.yaml",)),
        Map("prometheus", ("prometheus/prometheus.yml",)),
        Map("prometheus-targets", ("prometheus/targets/*.yml",)),
        Map("alertmanager", ("alertmanager/alertmanager.yml",)),
        Map("grafana", ("grafana/grafana.ini",)),
        Map("grafana-sources", ("grafana/provisioning/datasources/*.yaml",)),
        Map("grafana-boards", ("grafana/provisioning/dashboards/*.yaml",)),
    ),
}
# Several files in one, under other names than their own.
RENAMED = {
    Path("alertmanager/compose.url"): ("alertmanager", "oncall.url"),
}


def wanted(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Each file that this module writes, and what must be in it."""
    for room, maps in ROOMS.items():
        yield root / room / "kustomization.yaml", _HEAD + _dump(_kustomization(root / room, maps))
    yield (
        root / _OPERATOR,
        _HEAD.replace("files as ConfigMaps", "rules as the operator wants them")
        + _dump(_rule(root)),
    )


def _kustomization(room: Path, maps: Sequence[Map]) -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "configMapGenerator": [
            {"name": each.name, "files": [*_files(room, each), *_renamed(room, each)]}
            for each in maps
        ],
    }


def _files(room: Path, each: Map) -> Iterator[str]:
    for pattern in each.patterns:
        for file in sorted(room.glob(pattern)):
            yield file.relative_to(room).as_posix()


def _renamed(room: Path, each: Map) -> Iterator[str]:
    for file, (name, key) in RENAMED.items():
        if name == each.name and (room / file).exists():
            yield f"{key}={file.as_posix()}"


def _rule(root: Path) -> dict[str, Any]:
    files = sorted((root / "alerts").glob("*.rules.yml"))
    groups = [
        group
        for file in files
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    ]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "clew"},
        "spec": {"groups": groups},
    }


def _dump(document: dict[str, Any]) -> str:
    return str(yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True))
