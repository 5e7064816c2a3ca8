"""The shop with its telemetry in a lens, for commands that are to be tried on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.shop import LensShop, lens_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LensShop]:
    """All services and the lens, warm: each route was asked often enough to have a usual time."""
    with lens_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running
