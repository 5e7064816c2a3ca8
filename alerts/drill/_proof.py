"""One fault's proof: fired, told, its links lead to data, resolved."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from alerts.drill._faults import Fault
from alerts.drill._world import World, now
from demo_services._processes import ROOT

_FIRE_S, _RESOLVE_S, _DATA_S, _QUIET_S = 180.0, 300.0, 30.0, 240.0


@dataclass
class Proof:
    """What became of one alert. Times are seconds: after the injection, or after the removal."""

    alert: str
    fault: str
    fired: float | None = None
    told: float | None = None
    muted_by: str = ""
    lines: int | None = None
    traces: int | None = None
    resolved: float | None = None
    broken: str = ""

    @property
    def good(self) -> bool:
        told = self.told is not None or bool(self.muted_by)
        return self.fired is not None and told and self.resolved is not None and not self.broken

    def line(self) -> str:
        if self.fired is None:
            return f"{self.alert}: did not fire within {_FIRE_S:.0f} s"
        told = f"told {self.told:.0f} s" if self.told is not None else f"muted by {self.muted_by}"
        end = f"resolved {self.resolved:.0f} s" if self.resolved is not None else "NOT RESOLVED"
        return f"{self.alert}: fired {self.fired:.0f} s, {told}, {end} {self.broken}"


def wait_until_quiet(world: World) -> None:
    """Wait until no alert fires and the usual traffic is known."""
    began = now()
    usual = "sum(rate(http_server_request_duration_seconds_count[30s] offset 60s))"
    while now() - began < _QUIET_S:
        found = world.get("CLEW_PROMETHEUS_PORT", "/api/v1/query", query=usual)
        known = found and found["data"]["result"]
        if known and not _active(world):
            return
        time.sleep(1)


def prove(world: World, fault: Fault, only: set[str]) -> list[Proof]:
    """Bring the fault about, and wait for its alerts; remove it, and wait until they are gone."""
    wanted = [(name, labels) for name, labels in fault.alerts if not only or name in only]
    proofs = {name: Proof(name, fault.name) for name, _ in wanted}
    began, began_at = now(), time.time()
    fault.inject(world)
    try:
        while now() - began < _FIRE_S and any(
            p.fired is None or not _told(p) for p in proofs.values()
        ):
            _look(world, wanted, proofs, began, began_at)
            time.sleep(0.5)
        for name, labels in wanted:
            if proofs[name].fired is not None:
                _follow_links(world, name, labels, proofs[name])
    finally:
        fault.remove(world)
    removed = now()
    while now() - removed < _RESOLVE_S and any(
        p.fired is not None and p.resolved is None for p in proofs.values()
    ):
        active = _active(world)
        for name, labels in wanted:
            proof = proofs[name]
            if proof.fired is not None and proof.resolved is None:
                if not any(_is(one, name, labels) for one in active):
                    proof.resolved = now() - removed
        time.sleep(0.5)
    return list(proofs.values())


def _told(proof: Proof) -> bool:
    return proof.told is not None or bool(proof.muted_by)


def _look(
    world: World, wanted: Any, proofs: dict[str, Proof], began: float, began_at: float
) -> None:
    active = _active(world)
    notified = world.get("oncall", "/alerts") or []
    for name, labels in wanted:
        proof = proofs[name]
        for one in active:
            if _is(one, name, labels):
                proof.fired = proof.fired if proof.fired is not None else now() - began
                muted = one["status"]["inhibitedBy"]
                if muted and proof.told is None:
                    by = {a["fingerprint"]: a["labels"]["alertname"] for a in active}
                    proof.muted_by = by.get(muted[0], "another")
        for one in notified:
            if (
                proof.told is None
                and one["received"] >= began_at
                and one["status"] == "firing"
                and _is(one, name, labels)
            ):
                proof.told, proof.muted_by = one["received"] - began_at, ""


def _active(world: World) -> list[Any]:
    """The alerts that the Alertmanager has and that have not ended, muted ones too."""
    return (
        world.get("CLEW_ALERTMANAGER_PORT", "/api/v2/alerts", active="true", inhibited="true") or []
    )


def _is(one: Any, name: str, labels: dict[str, str]) -> bool:
    own = one["labels"]
    return own["alertname"] == name and all(own.get(k) == v for k, v in labels.items())


def _follow_links(world: World, name: str, labels: dict[str, str], proof: Proof) -> None:
    """Ask for what each link and query of the alert asks for."""
    found = [one for one in _active(world) if _is(one, name, labels)]
    if not found:
        proof.broken = "gone before its links were followed"
        return
    notes = found[0]["annotations"]
    problems = [_runbook(notes), _board(notes)]
    if "logs_query" in notes:
        proof.lines = _until(lambda: _log_lines(world, notes["logs_query"]))
        problems.append("" if proof.lines else "its logs are empty")
    if "traces" in notes:
        proof.traces = _until(lambda: _traces(world, notes["traces"]))
        problems.append("" if proof.traces else "it has no trace")
    left = [text for text in notes.values() if "{{" in text or "<no value>" in text]
    problems.append(f"not filled in: {left[0]}" if left else "")
    proof.broken = "; ".join(filter(None, problems))


def _until(count: Any) -> int:
    deadline = now() + _DATA_S
    while not (found := int(count())) and now() < deadline:
        time.sleep(1)
    return found


def _runbook(notes: dict[str, str]) -> str:
    try:
        urllib.request.urlopen(notes["runbook_url"], timeout=10).close()
    except OSError as error:
        return f"its runbook: {error}"
    return ""


def _board(notes: dict[str, str]) -> str:
    address = urllib.parse.urlsplit(notes["dashboard"])
    uid = address.path.rpartition("/")[2]
    file = ROOT / "dashboards" / "generated" / f"{uid}.json"
    if not file.is_file():
        return f"there is no board {uid}"
    known = {
        one["name"] for one in json.loads(file.read_text()).get("templating", {}).get("list", [])
    }
    query = urllib.parse.parse_qs(address.query)
    given = {name.removeprefix("var-") for name in query if name.startswith("var-")}
    return "" if given <= known else f"{uid} has no variable {', '.join(sorted(given - known))}"


def _log_lines(world: World, logql: str) -> int:
    found = world.get("CLEW_LOKI_PORT", "/loki/api/v1/query_range", query=logql, since="30m")
    return sum(len(stream["values"]) for stream in found["data"]["result"]) if found else 0


def _traces(world: World, link: str) -> int:
    """The search that the link opens, asked of Jaeger's API."""
    query = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(link).query).items()}
    found = world.get("CLEW_JAEGER_QUERY_PORT", "/api/traces", **query)
    return len(found.get("data") or []) if found else 0
