"""What these tests share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.conformance.path.bench import (
    Bench,
)


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Requests that fail are logged by the thousand."""
    logger = logging.getLogger("clew")
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()
