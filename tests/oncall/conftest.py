"""One stack, one shop and its visitors for all tests of this folder: the drill's own world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from alerts.drill._run import usual_memory_bound
from alerts.drill._world import World

FACTOR = 40


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Rules with durations forty times shorter, and visitors some of whom go wrong."""
    folder: Path = tmp_path_factory.mktemp("oncall")
    with ExitStack() as running:
        opened = World(folder, FACTOR, memory_bound=usual_memory_bound())
        opened.open(running)
        yield opened
