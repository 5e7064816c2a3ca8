"""What the Alertmanager has, and what on-call was told."""

from __future__ import annotations

import time
from typing import Any

from alerts.drill._world import World, now

Wanted = tuple[str, dict[str, str]]
_TRAFFIC_S = 300.0


def active(world: World) -> list[Any]:
    """The alerts that the Alertmanager has and that have not ended, muted ones too."""
    found = world.get("CLEW_ALERTMANAGER_PORT", "/api/v2/alerts", active="true", inhibited="true")
    return found or []


def told(world: World, since: float) -> list[Any]:
    """The notifications of firing alerts that the receiver got since then (epoch seconds)."""
    found = world.get("oncall", "/alerts") or []
    return [one for one in found if one["received"] >= since and one["status"] == "firing"]


def matches(one: Any, wanted: Wanted) -> bool:
    """Whether an alert is the one that is wanted: its name, and labels that it must have."""
    name, labels = wanted
    own = one["labels"]
    return own["alertname"] == name and all(own.get(k) == v for k, v in labels.items())


def muted_by(one: Any, among: list[Any]) -> str:
    """The name of the alert that mutes this one, "" if none does."""
    names = {other["fingerprint"]: other["labels"]["alertname"] for other in among}
    by = one["status"]["inhibitedBy"]
    return names.get(by[0], "another") if by else ""


def wait_for_traffic(world: World, usual: bool = False) -> None:
    """Wait until requests are known; with `usual`, of as long ago as alerts compare with."""
    ago = f" offset {world.scale.window(3_600)}" if usual else ""
    rate = f"sum(rate(http_server_request_duration_seconds_count[20s]{ago}))"
    began = now()
    while now() - began < _TRAFFIC_S:
        found = world.get("CLEW_PROMETHEUS_PORT", "/api/v1/query", query=rate)
        if found and found["data"]["result"]:
            return
        time.sleep(1)


def wait_until_gone(world: World, wanted: list[Wanted], seconds: float) -> list[Wanted]:
    """Wait until none of those is active; return those that still are."""
    began = now()
    while left := [each for each in wanted if any(matches(one, each) for one in active(world))]:
        if now() - began > seconds:
            break
        time.sleep(0.5)
    return left
