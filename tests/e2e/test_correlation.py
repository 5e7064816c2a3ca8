"""Which correlation id a request gets."""

from __future__ import annotations

import re
import secrets

import pytest

from clew.readers import CorrelationId
from tests.e2e.shop import Shop
from tests.e2e.wait import wait_until


def services_of(shop: Shop, correlation_id: str, count: int) -> set[str]:
    """The services that have logged with that id, once there are so many."""
    of = CorrelationId(correlation_id)

    def arrived() -> set[str]:
        seen = {line.service for line in shop.reader.log_lines(of, shop.window())}
        return seen if len(seen) >= count else set()

    return wait_until(arrived, f"lines of {count} services with {correlation_id}")


@pytest.mark.parametrize(
    "invalid",
    [b"x" * 129, "naïve".encode("latin-1"), b"tab\there", b""],
    ids=["too long", "not ASCII", "not printable", "empty"],
)
def test_an_invalid_id_is_replaced(shop: Shop, invalid: bytes) -> None:
    """The new id is on the answer and in both services; the old one is nowhere."""
    answer = shop.ask("GET", "/users/1", {"X-Correlation-ID": invalid})
    given = answer.headers["X-Correlation-ID"]
    assert answer.status_code == 200
    assert re.fullmatch(r"[0-9a-f]{32}", given)
    assert services_of(shop, given, 2) == {"gateway", "users"}


def test_a_request_without_an_id_gets_one(shop: Shop) -> None:
    """Each request its own."""
    given = {shop.ask("GET", "/users/1", {}).headers["X-Correlation-ID"] for _ in range(3)}
    assert len(given) == 3
    assert services_of(shop, given.pop(), 2) == {"gateway", "users"}


def test_the_other_header_is_understood(shop: Shop) -> None:
    """X-Request-ID is taken where X-Correlation-ID is absent."""
    own = f"request-{secrets.token_hex(6)}"
    answer = shop.ask("GET", "/users/1", {"X-Request-ID": own})
    assert answer.headers["X-Correlation-ID"] == own
    assert services_of(shop, own, 2) == {"gateway", "users"}
