"""All checks, in the order in which one explains the next."""

from __future__ import annotations

from collections.abc import Iterator

from clew.cli._doctor import (
    _application,
    _endpoint,
    _packages,
    _probe,
    _stores,
    _variables,
)
from clew.cli._doctor._result import Result, State
from clew.cli._doctor._surroundings import Surroundings


def run(around: Surroundings) -> Iterator[Result]:
    """Each result as soon as it is known."""
    yield _packages.versions(around)
    yield _variables.sampling(around)
    yield _variables.propagation(around)
    yield _variables.workers(around)
    yield from _application.check(around)
    reached = list(_endpoint.check(around))
    yield from reached
    yield _endpoint.clock(around)
    receiver, exemplars = _stores.prometheus(around)
    yield receiver
    yield exemplars
    open_way = all(one.state is not State.PROBLEM for one in reached)
    unexplained = {
        "traces": open_way,
        "logs": open_way,
        "metrics": open_way and receiver.state is not State.PROBLEM,
    }
    yield from _probe.check(around, unexplained)
    yield _stores.loki(around)
    yield _stores.dropping(around)
