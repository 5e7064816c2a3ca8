"""Payments take money once for each order, and give it back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from demo_services.payments._settings import Settings
from demo_services.payments.app import create_app
from demo_services.payments.ledger import Ledger
from demo_services.shared.faults import FAULTS
from demo_services.shared.settings import Secret

WANTED = {"order": "a", "user_id": 1, "amount_cents": 207}
TOKEN = "open-sesame-8f3"
Make = Callable[..., TestClient]


@pytest.fixture
def payments(engine: Engine) -> Make:
    def make(decline_rate: float = 0.0, token: str = "") -> TestClient:
        settings = Settings(Secret(""), Secret(token), decline_rate)
        return TestClient(create_app(settings, Ledger(engine), chance=lambda: 0.5))

    return make


def test_an_order_is_charged_once(payments: Make) -> None:
    """Asked twice, the same charge is the answer."""
    client = payments()
    first, second = client.post("/charges", json=WANTED), client.post("/charges", json=WANTED)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json() == {**WANTED, "state": "charged"}


def test_one_order_has_one_price(payments: Make) -> None:
    """409 for the same order with another amount."""
    client = payments()
    client.post("/charges", json=WANTED)
    other = client.post("/charges", json={**WANTED, "amount_cents": 1})
    assert (other.status_code, "another amount" in other.text) == (409, True)
    assert client.get("/charges/a").json()["amount_cents"] == 207


def test_money_is_given_back_once(payments: Make) -> None:
    """The charge stays, as refunded; nothing more can be charged."""
    client = payments()
    client.post("/charges", json=WANTED)
    for _ in range(2):
        assert client.post("/charges/a/refund").json() == {**WANTED, "state": "refunded"}
    assert client.post("/charges", json=WANTED).status_code == 409


def test_a_refund_before_its_charge_stands(payments: Make) -> None:
    """A charge that comes late is refused."""
    client = payments()
    assert client.post("/charges/a/refund").json()["state"] == "refunded"
    assert client.post("/charges", json=WANTED).status_code == 409


def test_some_charges_are_declined(payments: Make) -> None:
    """As many as the setting, or the fault, says; a declined one stays declined."""
    assert payments(decline_rate=0.4).post("/charges", json=WANTED).status_code == 201
    assert (
        payments(decline_rate=0.6).post("/charges", json={**WANTED, "order": "b"}).status_code
        == 402
    )
    assert payments().post("/charges", json={**WANTED, "order": "b"}).status_code == 402
    FAULTS.set("payment-decline", 1)
    assert payments().post("/charges", json={**WANTED, "order": "c"}).status_code == 402


@pytest.mark.parametrize(
    "change",
    [
        {"amount_cents": 0},
        {"amount_cents": -5},
        {"amount_cents": 10**12},
        {"order": ""},
        {"user_id": "x"},
    ],
)
def test_a_senseless_charge_is_refused(payments: Make, change: dict[str, Any]) -> None:
    """422 that names the field."""
    answer = payments().post("/charges", json={**WANTED, **change})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", *change]


def test_an_unknown_charge_is_not_found(payments: Make) -> None:
    """404 that says so."""
    answer = payments().get("/charges/nobody")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "there is no charge for this order",
    )


def test_only_who_knows_the_token_may_charge(
    payments: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """401 without it or with another; it stands in no log line."""
    caplog.set_level(logging.DEBUG)
    client = payments(token=TOKEN)
    assert client.post("/charges", json=WANTED).status_code == 401
    wrong = client.post("/charges", json=WANTED, headers={"Authorization": "Bearer nö".encode()})
    right = client.post("/charges", json=WANTED, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (wrong.status_code, right.status_code) == (401, 201)
    assert caplog.records
    assert TOKEN not in caplog.text
