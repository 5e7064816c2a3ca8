"""Lenses to test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lens.bench import Bench
from tests.lens.story import Story


@pytest.fixture
def lens() -> Iterator[Bench]:
    """An empty lens."""
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def shop() -> Iterator[tuple[Bench, Story]]:
    """A lens to which three minutes of the shop's story, with its incident, have been told."""
    bench = Bench()
    story = Story(time.time_ns())

    def send(path: str, message: dict[str, Any]) -> None:
        bench.send(path, message)

    story.tell(send, minutes=4, rate=1.0)
    yield bench, story
    bench.close()
