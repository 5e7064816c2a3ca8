"""The drill: no alert is left out, and what is not proven is told."""

from __future__ import annotations

from alerts.drill.__main__ import known
from alerts.drill._faults import FAULTS, Fault, together
from alerts.drill._links import Found
from alerts.drill._proof import Proof
from alerts.drill._table import table
from alerts.drill._world import World


def _nothing(world: World) -> None: ...


def _proof(**facts: object) -> Proof:
    good = {"fired": 5.0, "told": 6.0, "steps": 1, "resolved": 9.0}
    return Proof(("A", {}), "a fault", "why", **{**good, **facts})  # type: ignore[arg-type]


def test_every_alert_has_a_fault() -> None:
    """An alert that nothing fires is not proven, and a fault for no alert is a mistake."""
    assert {name for fault in FAULTS for name, _ in fault.alerts} == known()


def test_an_alert_is_proven_when_fired_told_explained_and_resolved() -> None:
    """Each of these alone makes the difference; muted by a rule is as good as told."""
    assert _proof().good
    assert _proof(told=None, muted_by="B").good
    for facts in ({"fired": None}, {"told": None}, {"resolved": None}, {"steps": None}):
        assert not _proof(**facts).good
    assert not _proof(found=Found(problems=["its logs are empty"])).good


def test_the_table_counts_and_names_what_is_wrong() -> None:
    """One line for each alert, then how many are proven, then the reasons."""
    lines = table([_proof(), _proof(resolved=None), _proof(steps=None)]).splitlines()
    assert lines[1].split()[0] == "alert"
    assert "1 of 3 alerts proven" in lines
    assert lines[-1] == "A: nothing within 3 steps shows 'why'"


def test_faults_together_fire_all_their_alerts() -> None:
    """Alerts, causes and acts of each are those of the whole."""
    seen: list[str] = []
    one = Fault("one", (("A", {}),), "x", lambda world: seen.append("one"), _nothing)
    two = Fault("two", (("B", {}),), "y", lambda world: seen.append("two"), _nothing)
    both = together([one, two])
    both.inject(None)  # type: ignore[arg-type]
    assert (both.alerts, seen) == ((("A", {}), ("B", {})), ["one", "two"])
    assert both.cause == "x|y"
