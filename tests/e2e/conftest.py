"""One stack and one set of services for the whole run, at each place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.places import PLACES, Place
from tests.e2e.services import run_services
from tests.e2e.shop import Sent, Shop

# The lens is a Python package like any other, so its run belongs to the quick tests.
MARKS = {"native": pytest.mark.backends}


@pytest.fixture(
    scope="session", params=[pytest.param(name, marks=MARKS.get(name, ())) for name in PLACES]
)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Where telemetry goes, and what reads it back."""
    with PLACES[request.param](tmp_path_factory.mktemp(f"place-{request.param}")) as running:
        yield running


@pytest.fixture(scope="session")
def shop(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """All services, running."""
    with run_services(place, tmp_path_factory.mktemp("services")) as running:
        yield Shop(running, place)


@pytest.fixture(scope="session")
def found(shop: Shop) -> Sent:
    """A request through all services that went well."""
    return shop.send("GET", "/users/1")


@pytest.fixture(scope="session")
def missing(shop: Shop) -> Sent:
    """A request for a user whom nobody knows."""
    return shop.send("GET", "/users/999")


@pytest.fixture(scope="session")
def failed(shop: Shop) -> Sent:
    """A request that ends in an error that nobody handles."""
    return shop.send("GET", "/fail")
