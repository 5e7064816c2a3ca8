"""The gateway passes requests on, and says so when it can't."""

from __future__ import annotations

import json
import socket

import pytest

from demo_services.gateway._settings import Settings
from tests.demo_services.conftest import Build
from tests.demo_services.fakes import FakeService

ALICE = {"id": 1, "name": "Alice", "email": "alice@example.com"}


def test_a_user_is_passed_on(gateway: Build, users: FakeService) -> None:
    """The answer of the users service, unchanged."""
    users.answer = (200, json.dumps(ALICE))
    answer = gateway(users.url).get("/users/1")
    assert (answer.status_code, answer.json()) == (200, ALICE)
    assert answer.headers["content-type"] == "application/json"
    assert users.asked == [("GET", "/users/1", "")]


def test_a_new_user_is_passed_on(gateway: Build, users: FakeService) -> None:
    """The body reaches the users service, its 201 comes back."""
    users.answer = (201, json.dumps(ALICE))
    answer = gateway(users.url).post("/users/", json=ALICE)
    assert (answer.status_code, answer.json()) == (201, ALICE)
    [(method, path, body)] = users.asked
    assert (method, path, json.loads(body)) == ("POST", "/users/", ALICE)


@pytest.mark.parametrize(
    ("status", "detail"), [(404, "User not found"), (400, "User with this ID already exists")]
)
def test_a_refusal_is_passed_on(
    gateway: Build, users: FakeService, status: int, detail: str
) -> None:
    """Status and words are those of the users service."""
    users.answer = (status, json.dumps({"detail": detail}))
    answer = gateway(users.url).get("/users/7")
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


def test_a_failure_behind_is_a_bad_gateway(gateway: Build, users: FakeService) -> None:
    """A 5xx of the users service becomes a 502 that names it."""
    users.answer = (500, "oops")
    answer = gateway(users.url).get("/users/1")
    assert answer.status_code == 502
    assert "users service" in answer.json()["detail"]


def test_an_unreachable_service_is_said(gateway: Build) -> None:
    """503 with the reason, but nothing of the network's insides."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    answer = gateway(url).get("/users/1")
    assert answer.status_code == 503
    assert answer.json() == {"detail": "the users service can't be reached"}


def test_a_silent_service_is_not_waited_for_forever(gateway: Build, users: FakeService) -> None:
    """503 after the timeout; the reason tells it from an unreachable service."""
    users.silent.set()
    answer = gateway(users.url).get("/users/1")
    assert answer.status_code == 503
    assert answer.json() == {"detail": "the users service did not answer in time"}


def test_fail_fails(gateway: Build, users: FakeService) -> None:
    """An error that nobody handles is a 500."""
    assert gateway(users.url).get("/fail").status_code == 500


def test_a_user_id_is_a_number(gateway: Build, users: FakeService) -> None:
    """What is no id doesn't reach the users service."""
    assert gateway(users.url).get("/users/..%2Ffail").status_code in (404, 422)
    assert gateway(users.url).get("/users/x").status_code == 422
    assert users.asked == []


def test_settings_come_from_the_environment() -> None:
    """Address and patience can be set; a slash at the end makes no difference."""
    settings = Settings.from_environ({"USERS_URL": "http://users:8001/", "USERS_TIMEOUT": "5"})
    assert (settings.users_url, settings.users.timeout) == ("http://users:8001", (0.5, 5.0))
    assert Settings.from_environ({}) == Settings()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("USERS_URL", "users:8001"),
        ("USERS_TIMEOUT", "soon"),
        ("USERS_TIMEOUT", "0"),
        ("RATE_LIMIT", "much"),
    ],
)
def test_a_bad_setting_is_named(key: str, value: str) -> None:
    """The error names the variable and its value."""
    with pytest.raises(ValueError, match=f"{key} is '{value}'"):
        Settings.from_environ({key: value})
