"""The short drill: the first round, on the stack that the queries were asked of."""

from __future__ import annotations

import pytest

from alerts.drill._faults import SHORT
from alerts.drill._run import run
from alerts.drill._world import World

pytestmark = pytest.mark.backends


def test_each_alert_fires_is_told_leads_to_the_cause_and_resolves(world: World) -> None:
    """As `python -m alerts.drill --short`; the whole is `make drill`."""
    for service in ("notifications", "orders", "payments"):
        world.clear(service)
    world.visit()
    proofs = run(world, SHORT, set())
    assert len(proofs) >= 12
    assert [proof.alert for proof in proofs if not proof.good] == []
