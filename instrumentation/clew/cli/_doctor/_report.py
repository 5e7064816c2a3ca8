"""What an observed process tells of itself: one JSON file each, written anew with each change."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

FOLDER = "CLEW_DOCTOR_REPORTS"
"""The folder of the reports. Set by `clew doctor` for the programs that it starts."""


@dataclass(frozen=True)
class Report:
    """One process.

    `requests` counts server spans. `double` are pairs of scopes that made a span of one kind inside
    another for the same thing. `lost` are functions that ran on another thread without the context
    of the request that started them, and made telemetry there. `handlers` are the root logger's;
    `clew_handles` whether clew's is among them.
    """

    pid: int
    instance_id: str
    service: str
    requests: int = 0
    double: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    clew_handles: bool = True
    handlers: tuple[str, ...] = field(default=())

    def write(self, folder: Path) -> None:
        """Put it where `read` finds it; a reader never sees half of it."""
        new = folder / f".{self.pid}.new"
        new.write_text(json.dumps(asdict(self)), encoding="utf-8")
        os.replace(new, folder / f"{self.pid}.json")


def read(folder: Path) -> tuple[Report, ...]:
    """Every report there, the oldest process first."""
    found = []
    for path in folder.glob("*.json"):
        one = Report(**json.loads(path.read_text(encoding="utf-8")))
        lists = {key: tuple(getattr(one, key)) for key in ("double", "lost", "handlers")}
        found.append(replace(one, **lists))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda one: one.pid))
