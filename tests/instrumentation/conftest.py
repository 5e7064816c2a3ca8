"""What these tests share: a sink for what is exported, and telemetry that is nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.instrumentation.telemetry import Telemetry, telemetry
from tests.support import examples
from tests.support.otlp_sink import Sink, otlp_sink

examples.load_profile()


@pytest.fixture(scope="session")
def _session_sink() -> Iterator[Sink]:
    with otlp_sink() as sink:
        yield sink


@pytest.fixture
def sink(_session_sink: Sink) -> Iterator[Sink]:
    """An endpoint that has received nothing yet."""
    _session_sink.clear()
    _session_sink.reset()
    yield _session_sink


@pytest.fixture
def make(sink: Sink) -> Iterator[Callable[..., Telemetry]]:
    """Makes telemetry from settings, given as environment variables."""
    with ExitStack() as made:
        yield lambda **settings: made.enter_context(telemetry(sink, **settings))


@pytest.fixture
def clew(make: Callable[..., Telemetry]) -> Telemetry:
    """Telemetry with the default settings."""
    return make()
