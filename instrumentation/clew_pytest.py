"""The pytest plugin of clew: fixtures that capture telemetry in memory. See docs/testing.md.

A module of its own beside the package, since pytest loads it in every run where clew is installed:
clew itself is imported by the first test that asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clew.testing import Capture, Logs, Metrics, Spans

_FIXTURES = {"clew_capture", "clew_spans", "clew_logs", "clew_metrics"}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start before any application has served, if a test wants to see telemetry at all."""
    if any(_FIXTURES & set(getattr(item, "fixturenames", ())) for item in session.items):
        from clew.testing import start

        start()


@pytest.fixture
def clew_capture() -> Iterator[Capture]:
    """All three signals of this test."""
    from clew.testing import capture

    with capture() as found:
        yield found


@pytest.fixture
def clew_spans(clew_capture: Capture) -> Spans:
    """The spans that this test began and ended."""
    return clew_capture.spans


@pytest.fixture
def clew_logs(clew_capture: Capture) -> Logs:
    """The log lines of this test, as clew writes them."""
    return clew_capture.logs


@pytest.fixture
def clew_metrics(clew_capture: Capture) -> Metrics:
    """What this test added to the metrics."""
    return clew_capture.metrics
