"""Backends that answer with what the real ones of the pinned versions once answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clew.readers import NativeReader, ReaderSettings
from tests.readers.fake_backend import FakeBackend, fake_backend

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    """One server that stands for all the backends; their paths don't overlap."""
    with fake_backend() as server:
        for path, name in {
            "/api/services": "jaeger_services",
            "/api/traces": "jaeger_search",
            "/api/v3/traces/4bf92f3577b34da6a3ce929d0e0e4736": "jaeger_trace",
            "/loki/api/v1/query_range": "loki_lines",
            "/api/v1/query": "prometheus_samples",
            "/api/v1/query_exemplars": "prometheus_exemplars",
        }.items():
            server.answer(path, (RECORDED / f"{name}.json").read_text(encoding="utf-8"))
        yield server


@pytest.fixture
def reader(backend: FakeBackend) -> NativeReader:
    """The native reader, pointed at the recorded answers."""
    address = backend.address
    return NativeReader.from_settings(
        ReaderSettings(address, address, address, address, timeout_s=5.0)
    )
