"""Metrics count what was sent: no request is lost, none is counted twice."""

from __future__ import annotations

import pytest

from tests.e2e.services import SERVICES
from tests.e2e.shop import Shop
from tests.e2e.wait import wait_until

COUNT = "http_server_request_duration_seconds_count"
ALICE = {"id": 1, "name": "Alice", "email": "alice@example.com"}
SENT = 7


def count(shop: Shop, service: str, **labels: str) -> float:
    """How many requests that service has counted with those labels."""
    samples = shop.reader.samples(COUNT, {"service_name": service, **labels})
    return sum(sample.value for sample in samples)


@pytest.fixture(scope="module")
def refused(shop: Shop) -> Shop:
    """The shop, after requests that no other test sends: users who exist already."""
    for _ in range(SENT):
        assert shop.ask("POST", "/users/", {}, ALICE).status_code == 400
    return shop


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_the_count_is_exact(refused: Shop, service: str) -> None:
    """Each service counts each request once, under its method, route and status."""
    labels = {
        "http_request_method": "POST",
        "http_route": "/users/",
        "http_response_status_code": "400",
    }
    wait_until(lambda: count(refused, service, **labels) >= SENT, f"{SENT} counted by {service}")
    # Once a later request has been counted, any double of the earlier ones has been, too.
    later = {**labels, "http_request_method": "GET", "http_route": "/users/{user_id}"}
    later["http_response_status_code"] = "404"
    before = count(refused, service, **later)
    refused.send("GET", "/users/998")
    wait_until(lambda: count(refused, service, **later) > before, f"one more 404 of {service}")
    assert count(refused, service, **labels) == SENT
    assert count(refused, service, **{**labels, "http_response_status_code": "200"}) == 0
