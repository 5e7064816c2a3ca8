"""The drills themselves, shortened: `make chaos` holds them at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chaos import _faults, _parts, _workers
from benchmarks.chaos._bench import Pace
from benchmarks.chaos._reconcile import Result
from benchmarks.chaos._stack import PARTS

pytestmark = pytest.mark.backends
SHORT = Pace(normal=2.0, fault=4.0, after=1.0, settle=60.0)


def _kept_its_promises(result: Result) -> None:
    assert result.made > 100
    assert result.broken == []


@pytest.mark.parametrize("drill", [_faults.outage, _faults.sigterm, _workers.worker])
def test_service(drill: _faults.Drill, tmp_path: Path) -> None:
    """The endpoint away, the service ended meanwhile, a worker killed: counts reconcile."""
    _kept_its_promises(drill(tmp_path, SHORT))


def test_parts(tmp_path: Path) -> None:
    """The collector and each backend killed in turn under load: all is in the stores."""
    for result in _parts.parts(list(PARTS), tmp_path, SHORT):
        _kept_its_promises(result)
