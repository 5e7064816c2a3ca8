"""One stack and one shop for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo_services.brokers import own_stack
from tests.demo_services.real.world import World, opened


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The whole shop; its processes end before what they run on."""
    with own_stack() as stack:
        running = opened(stack, tmp_path_factory.mktemp("shop"), {})
        try:
            yield running
        finally:
            running.shop.stop()
