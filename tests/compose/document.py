"""compose.yaml and the files it mounts, read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "compose.yaml"

_PUBLISHED = re.compile(
    r"(?P<host>[\d.]+):\$\{(?P<variable>\w+):-(?P<default>\d+)\}:(?P<inside>\d+)"
)


@dataclass(frozen=True)
class Published:
    """A port of a container that is reachable from the machine, and the variable that moves it."""

    host: str
    variable: str
    default: int
    inside: int


@dataclass(frozen=True)
class Mount:
    """A file or folder of the checkout in a container."""

    source: Path
    target: str
    mode: str


@dataclass(frozen=True)
class Service:
    """One service of compose.yaml, anchors and merges resolved, variables not."""

    name: str
    fields: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """What the container's environment gets."""
        return dict(self.fields.get("environment", {}))

    @property
    def published(self) -> tuple[Published, ...]:
        """Its ports; ValueError for one that is not written as 127.0.0.1:${VARIABLE:-4318}:4318."""
        return tuple(_published(text) for text in self.fields.get("ports", ()))

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What it mounts from the checkout."""
        parts = [text.split(":") for text in self.fields.get("volumes", ())]
        return tuple(
            Mount(ROOT / part[0], part[1], part[2] if len(part) > 2 else "rw")
            for part in parts
            if part[0].startswith(".")
        )

    @property
    def is_built(self) -> bool:
        """Whether its image is made from the checkout rather than pulled."""
        return "build" in self.fields


def _published(text: str) -> Published:
    found = _PUBLISHED.fullmatch(str(text))
    if found is None:
        raise ValueError(f"{text!r}: write a port as 127.0.0.1:${{VARIABLE:-4318}}:4318")
    return Published(found["host"], found["variable"], int(found["default"]), int(found["inside"]))


def document() -> dict[str, Any]:
    """The whole of compose.yaml."""
    loaded = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def services() -> dict[str, Service]:
    """The services of compose.yaml by name."""
    return {name: Service(name, fields) for name, fields in document()["services"].items()}
