"""A sink for what programs export."""

from collections.abc import Iterator

import pytest

from tests.support.otlp_sink import Sink, otlp_sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An endpoint that has received nothing yet."""
    with otlp_sink() as sink:
        yield sink
