"""The catalog tells what the shop has."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from demo_services.catalog.app import PRODUCTS, create_app
from demo_services.inventory.stock import FIRST_STOCK
from demo_services.shared.faults import FAULTS


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def test_all_products_are_shown(client: FlaskClient) -> None:
    """The same goods that the inventory has."""
    skus = [product["sku"] for product in client.get("/products").get_json()]
    assert skus == list(PRODUCTS)
    assert set(skus) == set(FIRST_STOCK)


def test_some_products_are_shown(client: FlaskClient) -> None:
    """Those that are asked for and exist."""
    shown = client.get("/products?sku=map&sku=nothing").get_json()
    assert [product["sku"] for product in shown] == ["map"]


def test_an_unknown_product_is_not_found(client: FlaskClient) -> None:
    """404 that says so, as JSON."""
    answer = client.get("/products/nothing")
    assert (answer.status_code, answer.get_json()) == (404, {"detail": "There is no such product"})
    assert client.get("/products/map").get_json()["sku"] == "map"


def test_what_can_only_be_read_can_only_be_read(client: FlaskClient) -> None:
    """405 for anything else, with the reason."""
    answer = client.post("/products", json={})
    assert answer.status_code == 405
    assert "not allowed" in answer.get_json()["detail"]


def test_a_fault_strikes_here_too(client: FlaskClient) -> None:
    """Flask's requests suffer what is switched on."""
    FAULTS.set("errors", 1)
    assert client.get("/products").status_code == 500
