"""Pictures of the boards as they are during a fault."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alerts.drill._world import World
from dashboards.render.__main__ import render

_START = "clew-start"
_WINDOW_S = 600


def draw(world: World, folder: Path | None, alerts: Iterable[Any]) -> None:
    """A picture of Start here and of each board that an alert leads to, filled in as its link says.

    One that is there already stays: the first fault that leads to a board is the one to see.
    """
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    nothing: dict[str, str] = {}
    wanted = {_START: nothing} | dict(_leads_to(alert) for alert in reversed(list(alerts)))
    for uid, variables in wanted.items():
        file = folder / f"{uid.removeprefix('clew-')}.png"
        if not file.exists():
            render(uid, file, world.urls, variables, _WINDOW_S)


def _leads_to(alert: Any) -> tuple[str, dict[str, str]]:
    link = urllib.parse.urlsplit(alert["annotations"]["dashboard"])
    given = urllib.parse.parse_qs(link.query)
    chosen = {name.removeprefix("var-"): v[0] for name, v in given.items() if "var-" in name}
    return link.path.rpartition("/")[2], chosen
