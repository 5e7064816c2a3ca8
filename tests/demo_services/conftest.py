"""A gateway to test by itself: without telemetry, in front of services that are made up."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from demo_services.shared import database
from demo_services.shared.downstream import Patience
from demo_services.shared.faults import FAULTS, KNOWN
from demo_services.shared.settings import Secret
from tests.demo_services.fakes import FakeService, fake_service

Build = Callable[..., TestClient]
"""Makes a client of a gateway in front of the users service at that address."""

IMPATIENT = Patience(
    connect_s=0.5, read_s=0.2, attempts=2, first_pause_s=0.001, failures_to_open=3, open_s=0.2
)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Build:
    """The gateway's business code; its telemetry is the subject of other tests."""
    monkeypatch.setitem(sys.modules, "clew.auto", ModuleType("clew.auto"))
    monkeypatch.delitem(sys.modules, "demo_services.gateway.app", raising=False)
    app = importlib.import_module("demo_services.gateway.app")
    # Not left behind for other tests: this import had no telemetry in it.
    monkeypatch.delitem(sys.modules, "demo_services.gateway.app")
    settings = importlib.import_module("demo_services.gateway._settings").Settings

    def build(users_url: str, **changes: Any) -> TestClient:
        impatient = settings(users_url, users=IMPATIENT, catalog=IMPATIENT, orders=IMPATIENT)
        made = app.create_app(replace(impatient, **changes))
        return TestClient(made, raise_server_exceptions=False)

    return build


@pytest.fixture
def users() -> Iterator[FakeService]:
    with fake_service() as fake:
        yield fake


@pytest.fixture
def orders() -> Iterator[FakeService]:
    with fake_service() as fake:
        yield fake


@pytest.fixture
def catalog() -> Iterator[FakeService]:
    with fake_service() as fake:
        yield fake


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    """What a test switched on is off again for the next."""
    yield
    for name in KNOWN:
        FAULTS.set(name, 0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty SQLite database."""
    made = database.connect(Secret(f"sqlite:///{tmp_path}/test.db"))
    yield made
    made.dispose()
