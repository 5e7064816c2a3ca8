"""What the package says it works with, as constraints for pip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomllib

_NEED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*>=\s*(?P<least>[\w.]+)")

# Frameworks and clients are no dependencies: clew instruments what it finds. These are the oldest
# that it is tested with; README.md and the documentation say the same.
FRAMEWORKS = {
    "fastapi": "0.115.2",
    "starlette": "0.40.0",
    "flask": "3.0.0",
    "werkzeug": "3.0.0",
    "requests": "2.32.3",
    "uvicorn": "0.30.0",
}


def needs(project: Path) -> Iterator[str]:
    """Every requirement of a `pyproject.toml`, those of extras included."""
    told: dict[str, Any] = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    yield from told["dependencies"]
    for extra in told.get("optional-dependencies", {}).values():
        yield from extra


def lowest(project: Path) -> dict[str, str]:
    """The oldest version that each requirement allows, by name, and the oldest frameworks."""
    found = {}
    for need in needs(project):
        match = _NEED.match(need)
        if match:
            found[match["name"].lower()] = match["least"]
    return {**found, **FRAMEWORKS}
