"""The users service does what its table says."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from demo_services.users.app import create_app

CLEO = {"id": 3, "name": "Cleo", "email": "cleo@example.com"}


@pytest.fixture
def client() -> TestClient:
    """A service of its own for each test."""
    return TestClient(create_app())


@pytest.mark.parametrize(("user_id", "name"), [(1, "Alice"), (2, "Bob")])
def test_the_first_users_are_there(client: TestClient, user_id: int, name: str) -> None:
    """It starts with Alice and Bob."""
    answer = client.get(f"/users/{user_id}")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": user_id,
        "name": name,
        "email": f"{name.lower()}@example.com",
    }


def test_an_unknown_user_is_not_found(client: TestClient) -> None:
    """404 with the agreed words."""
    answer = client.get("/users/999")
    assert (answer.status_code, answer.json()) == (404, {"detail": "User not found"})


def test_a_created_user_can_be_read(client: TestClient) -> None:
    """201 with the user, who is then there."""
    created = client.post("/users/", json=CLEO)
    assert (created.status_code, created.json()) == (201, CLEO)
    assert client.get("/users/3").json() == CLEO


def test_an_id_is_given_once(client: TestClient) -> None:
    """400 with the agreed words; the first user of that id stays."""
    answer = client.post("/users/", json={**CLEO, "id": 1})
    assert answer.status_code == 400
    assert answer.json() == {"detail": "User with this ID already exists"}
    assert client.get("/users/1").json()["name"] == "Alice"


@pytest.mark.parametrize("body", [{"id": "x", "name": "C", "email": "c"}, {"id": 3}, {}])
def test_a_half_user_is_refused(client: TestClient, body: dict[str, object]) -> None:
    """A body that is no user is a 422."""
    assert client.post("/users/", json=body).status_code == 422


def test_it_knows_nothing_of_telemetry() -> None:
    """Its import brings in no part of clew and no OpenTelemetry SDK."""
    code = (
        "import sys, demo_services.users.app; "
        "print([m for m in sys.modules if m.split('.')[0] == 'clew' "
        "or m.startswith('opentelemetry.sdk')])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == "[]"
