"""Hypothesis: few examples by default, more where CLEW_HYPOTHESIS_EXAMPLES asks for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.support import examples

examples.load_profile()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Programs do what both sides warn of, thousands of times."""
    loggers = [logging.getLogger(name) for name in ("opentelemetry", "clew.traces")]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    yield
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
