"""Boards, rules and runbooks ask for names that stand in the modules of names, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from clew import _names
from dashboards.prometheus_names import Kind, label, metric
from demo_services.shared import names as shop

ROOT = Path(__file__).parents[2]
FILES = [
    *sorted((ROOT / "dashboards/generated").glob("*.json")),
    *sorted((ROOT / "alerts").rglob("*.yml")),
    *sorted((ROOT / "alerts/runbooks").glob("*.md")),
]
# What a name of ours begins with, as a store writes it. Not those of the collector and the host.
_OURS = re.compile(r"\b(?:clew|shop|http_server|http_client|process|cpython)_\w+")
_METRIC = re.compile(
    r'^(\w+) = "[\w.]+"  # (counter|gauge|histogram|up-down counter)(?:, ([^\s:.;]+))?', re.M
)
_KINDS: dict[str, Kind] = {"up-down counter": "gauge"}
_SUFFIXES = ("_bucket", "_count", "_sum")


def _known(module: ModuleType) -> set[str]:
    """Metrics by the kind and unit that stand beside each name; every name as a label."""
    values = {name: value for name, value in vars(module).items() if isinstance(value, str)}
    found = {label(value) for value in values.values()}
    for name, kind, unit in _METRIC.findall(Path(str(module.__file__)).read_text()):
        stored = metric(values[name], unit, _KINDS.get(kind, kind))
        found |= {stored, *(stored + suffix for suffix in _SUFFIXES if kind == "histogram")}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_name_is_known(file: Path) -> None:
    """A metric that is renamed, or misspelled, is found here and not at 3 a.m."""
    asked = set(_OURS.findall(file.read_text(encoding="utf-8")))
    assert asked - _known(_names) - _known(shop) == set()
