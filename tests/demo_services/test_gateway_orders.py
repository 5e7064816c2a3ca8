"""The gateway puts an order together; what is missing, it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.demo_services.conftest import Build
from tests.demo_services.fakes import FakeService

WANTED = {"user_id": 1, "items": [{"sku": "clew", "quantity": 2}]}
PLACED = {"key": "k", "state": "confirmed"}
GOODS = [{"sku": "clew", "description": "A ball of thread"}]


@pytest.fixture
def client(
    gateway: Build, users: FakeService, orders: FakeService, catalog: FakeService
) -> TestClient:
    """A gateway in front of three services that all answer well."""
    orders.answer = (201, json.dumps(PLACED))
    catalog.answer = (200, json.dumps(GOODS))
    return gateway(users.url, orders_url=orders.url, catalog_url=catalog.url)


def test_an_order_is_whole(client: TestClient, orders: FakeService, users: FakeService) -> None:
    """The user is looked up, the order placed under its key, and the goods described."""
    answer = client.post("/orders", json=WANTED, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 201
    assert answer.json() == {
        **PLACED,
        "descriptions": {"clew": "A ball of thread"},
        "degraded": [],
    }
    assert users.asked == [("GET", "/users/1", "")]
    assert [(method, path) for method, path, _ in orders.asked] == [("POST", "/orders")]
    assert orders.headers[0]["Idempotency-Key"] == "k"


def test_an_order_without_a_key_gets_one(client: TestClient, orders: FakeService) -> None:
    """So that the gateway's own retries make no second order."""
    orders.answer = (503, "{}")
    client.post("/orders", json=WANTED)
    keys = {headers["Idempotency-Key"] for headers in orders.headers}
    assert len(orders.headers) == 2
    assert len(keys) == 1


def test_without_the_catalog_an_order_is_degraded(client: TestClient, catalog: FakeService) -> None:
    """It is placed all the same; the answer says what it lacks."""
    catalog.answer = (500, "")
    answer = client.post("/orders", json=WANTED)
    assert answer.status_code == 201
    assert answer.json() == {**PLACED, "descriptions": {}, "degraded": ["catalog"]}


def test_without_the_catalog_products_are_those_of_before(
    client: TestClient, catalog: FakeService
) -> None:
    """An old answer rather than none."""
    assert client.get("/products").json() == {"products": GOODS, "degraded": []}
    catalog.answer = (500, "")
    assert client.get("/products").json() == {"products": GOODS, "degraded": ["catalog"]}


@pytest.mark.parametrize(("status", "detail"), [(402, "declined"), (409, "not enough")])
def test_a_refused_order_is_refused_alike(
    client: TestClient, orders: FakeService, status: int, detail: str
) -> None:
    """With the status and the words of the orders service, and without a second try."""
    orders.answer = (status, json.dumps({"detail": detail}))
    answer = client.post("/orders", json=WANTED)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})
    assert len(orders.asked) == 1


def test_an_order_that_failed_behind_is_no_failure_of_orders(
    client: TestClient, orders: FakeService
) -> None:
    """503 that says that it is cancelled; asked once, and held against nobody."""
    orders.answer = (424, '{"detail": "the payments service failed"}')
    answers = [client.post("/orders", json=WANTED) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {503}
    assert "the order is cancelled: the payments service failed" in answers[-1].json()["detail"]
    assert len(orders.asked) == 5


def test_nobody_unknown_may_order(
    client: TestClient, users: FakeService, orders: FakeService
) -> None:
    """404, and no order is placed."""
    users.answer = (404, '{"detail": "User not found"}')
    answer = client.post("/orders", json=WANTED)
    assert (answer.status_code, answer.json()) == (404, {"detail": "User not found"})
    assert orders.asked == []


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"sku": "clew", "quantity": 0}],
        [{"sku": "clew", "quantity": -1}],
        [{"sku": "clew", "quantity": 101}],
        [{"sku": "", "quantity": 1}],
        [{"sku": "clew", "quantity": 1}, {"sku": "clew", "quantity": 1}],
    ],
)
def test_a_senseless_order_is_refused(client: TestClient, items: Any, orders: FakeService) -> None:
    """422 that names the field; it reaches nobody."""
    answer = client.post("/orders", json={"user_id": 1, "items": items})
    assert answer.status_code == 422
    assert "items" in json.dumps(answer.json()) or "goods" in json.dumps(answer.json())
    assert orders.asked == []


def test_malformed_json_is_refused(client: TestClient) -> None:
    """422 that says where it goes wrong."""
    answer = client.post(
        "/orders", content=b'{"user_id": 1, ', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "json_invalid"


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_huge_body_is_refused(client: TestClient, announced: bool) -> None:
    """413, whether or not its length is told beforehand."""
    piece = b" " * 40_000
    content = piece * 2 if announced else iter([piece, piece])
    answer = client.post("/orders", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "65536 bytes" in answer.json()["detail"]


def test_who_asks_too_much_is_told_when_to_ask_again(gateway: Build, users: FakeService) -> None:
    """429 with Retry-After, in seconds; the request goes no further."""
    client = gateway(users.url, rate_limit="3/hour")
    statuses = [client.get("/users/1").status_code for _ in range(5)]
    refused = client.get("/users/1")
    assert statuses == [200, 200, 200, 429, 429]
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert "3 per 1 hour" in refused.json()["detail"]
    assert len(users.asked) == 3


def test_where_nobody_counts_requests_pass(gateway: Build, users: FakeService) -> None:
    """A Redis that is away takes no customer away."""
    from demo_services.shared.settings import Secret

    client = gateway(users.url, rate_limit="1/hour", redis_url=Secret("redis://127.0.0.1:1/0"))
    assert [client.get("/users/1").status_code for _ in range(3)] == [200, 200, 200]
