"""Settings from Consul stand behind those of the environment."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from demo_services.shared import consul
from demo_services.shared.settings import SettingsError
from tests.demo_services.fakes import FakeService, fake_service

SERVICE = {
    "Node": {"Address": "10.0.0.9"},
    "Service": {"Address": "10.0.0.7", "Port": 8004},
}


@pytest.fixture
def answers() -> Iterator[FakeService]:
    """A Consul that answers everything alike."""
    with fake_service() as fake:
        yield fake


def keys(**values: str) -> str:
    """The keys as Consul tells them."""
    return json.dumps(
        [
            {"Key": f"shop/common/{key}", "Value": base64.b64encode(value.encode()).decode()}
            for key, value in values.items()
        ]
    )


def test_without_consul_the_environment_is_all() -> None:
    """Nothing is asked."""
    environ = {"PAYMENTS_URL": "http://payments:8004"}
    assert consul.settings(environ) is environ


def test_consul_adds_what_the_environment_lacks(answers: FakeService) -> None:
    """What both say, the environment decides; both folders and the token are asked with."""
    answers.answer = (200, keys(RATE_LIMIT="7/second", USERS_TIMEOUT="9"))
    environ = {
        "CONSUL_URL": answers.url,
        "CONSUL_HTTP_TOKEN": "t",
        "OTEL_SERVICE_NAME": "gateway",
        "USERS_TIMEOUT": "3",
    }
    found = consul.settings(environ)
    assert (found["RATE_LIMIT"], found["USERS_TIMEOUT"]) == ("7/second", "3")
    assert [path for _, path, _ in answers.asked] == [
        "/v1/kv/shop/common/?recurse=true",
        "/v1/kv/shop/gateway/?recurse=true",
    ]
    assert {headers["X-Consul-Token"] for headers in answers.headers} == {"t"}


@pytest.mark.parametrize(
    ("key", "address"),
    [("PAYMENTS_URL", "http://10.0.0.7:8004"), ("INVENTORY_ADDRESS", "10.0.0.7:8004")],
)
def test_a_service_is_looked_up(
    answers: FakeService, monkeypatch: pytest.MonkeyPatch, key: str, address: str
) -> None:
    """The address of one that is healthy, in the form that the variable wants."""
    monkeypatch.setattr(consul._Consul, "values", lambda self, folder: {})
    answers.answer = (200, json.dumps([SERVICE]))
    found = consul.settings({"CONSUL_URL": answers.url, key: "consul://payments"})
    assert found[key] == address
    assert [path for _, path, _ in answers.asked] == ["/v1/health/service/payments?passing=true"]


def test_an_unhealthy_service_has_no_address(
    answers: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for a while, then the error names the variable and the service."""
    monkeypatch.setattr(consul._Consul, "values", lambda self, folder: {})
    answers.answer = (200, "[]")
    environ = {"CONSUL_URL": answers.url, "PAYMENTS_URL": "consul://payments"}
    pauses: list[float] = []
    with pytest.raises(SettingsError, match="PAYMENTS_URL .* no healthy payments"):
        consul.settings(environ, pauses.append)
    assert len(answers.asked) == len(pauses) + 1 > 1


def test_a_service_that_is_healthy_a_little_later_is_found(
    answers: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are started together: Consul checks a service some seconds after that began."""
    monkeypatch.setattr(consul._Consul, "values", lambda self, folder: {})
    answers.answer = (200, "[]")

    def healthy_meanwhile(_seconds: float) -> None:
        answers.answer = (200, json.dumps([SERVICE]))

    environ = {"CONSUL_URL": answers.url, "PAYMENTS_URL": "consul://payments"}
    found = consul.settings(environ, healthy_meanwhile)
    assert found["PAYMENTS_URL"] == "http://10.0.0.7:8004"


def test_a_consul_that_is_away_is_no_hindrance() -> None:
    """The environment is enough, as long as no address is Consul's to say."""
    environ = {"CONSUL_URL": "http://127.0.0.1:1", "RATE_LIMIT": "7/second"}
    assert consul.settings(environ) == environ
    with pytest.raises(SettingsError, match="Consul does not answer"):
        consul.settings({**environ, "USERS_URL": "consul://users"}, lambda _seconds: None)
