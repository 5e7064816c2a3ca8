"""The drill: no alert is left out, and what is not proven is told."""

from __future__ import annotations

from alerts.drill.__main__ import known
from alerts.drill._faults import FAULTS
from alerts.drill._links import Found
from alerts.drill._proof import Proof
from alerts.drill._table import table


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
