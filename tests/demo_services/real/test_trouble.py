"""What the shop does when a part of it fails, and what of it is to be seen."""

from __future__ import annotations

import secrets

import pytest
import requests

from demo_services.shared.telemetry import BREAKER_STATES
from tests.demo_services.real.world import World
from tests.e2e.wait import wait_until

pytestmark = pytest.mark.backends


def breaker(world: World) -> dict[str, float]:
    """The catalog's breaker at the gateway, as Prometheus has it."""
    labels = {"service_name": "gateway", "shop_downstream": "catalog"}

    def changed(to: str) -> float:
        more = {**labels, "shop_breaker_to": to}
        return world.value("shop_breaker_transitions_total", **more)

    return {
        "state": world.value("shop_breaker_state", **labels),
        "rejected": world.value("shop_breaker_rejections_total", **labels),
        **{state: changed(state) for state in BREAKER_STATES},
    }


def test_a_breaker_opens_half_opens_and_closes_in_prometheus(world: World) -> None:
    """Orders go on, degraded; each state is seen from outside, and so are the calls not tried."""
    before = breaker(world)
    with world.fault("catalog", "errors", 1):
        answers = [world.order() for _ in range(8)]
        wait_until(lambda: breaker(world)["state"] == BREAKER_STATES["open"], "an open breaker")
    assert {answer.status_code for answer in answers} == {201}
    assert {tuple(answer.json()["degraded"]) for answer in answers} == {("catalog",)}

    def whole() -> bool:
        return bool(world.order().json()["degraded"] == [])

    wait_until(whole, "an order that is not degraded")
    wait_until(lambda: breaker(world)["closed"] > before["closed"], "a closed breaker")
    after = breaker(world)
    assert after["state"] == BREAKER_STATES["closed"]
    assert after["open"] > before["open"]
    assert after["half-open"] > before["half-open"]
    assert after["rejected"] > before["rejected"]
    assert world.value("shop_degraded_total", shop_downstream="catalog") >= 8


def test_a_degraded_answer_is_on_its_span(world: World) -> None:
    """As an event that says what it lacks and why."""
    thread = f"degraded-{secrets.token_hex(6)}"
    with world.fault("catalog", "errors", 1):
        world.order(thread)
    spans = world.spans(thread, lambda spans: any(s.name == "POST /orders" for s in spans))

    def events() -> list[str]:
        found = world.spans(thread, bool)
        return [event.name for span in found if span.service == "gateway" for event in span.events]

    wait_until(lambda: "degraded" in events(), f"the event, on one of {len(spans)} spans")


def test_a_declined_order_is_compensated_and_seen(world: World) -> None:
    """402; its compensations are counted, and on the trace."""
    before = world.value("shop_saga_compensations_total", shop_step="goods")
    thread = f"declined-{secrets.token_hex(6)}"
    with world.fault("payments", "payment-decline", 1):
        answer = world.order(thread)
    assert (answer.status_code, answer.json()["detail"]) == (402, "the payment was declined")

    def compensated() -> list[str]:
        spans = world.spans(thread, bool)
        return [
            str(event.attributes["shop.step"])
            for span in spans
            for event in span.events
            if event.name == "compensated"
        ]

    wait_until(lambda: compensated() == ["payment", "goods"], "both compensations on the trace")
    counted = "shop_saga_compensations_total"
    wait_until(lambda: world.value(counted, shop_step="goods") == before + 1, "their count")


def test_a_broker_that_is_away_delays_the_news_only(world: World) -> None:
    """The order is confirmed at once; the customer is told when the broker is back."""
    thread = f"broker-{secrets.token_hex(6)}"
    with world.fault("orders", "broker-down", 1):
        key = world.order(thread).json()["key"]
        wait_until(lambda: world.value("shop_outbox_waiting") >= 1, "an event in the outbox")
    told = f"told user 1 that order {key} is confirmed"
    wait_until(lambda: told in str([line.message for line in world.lines(thread)]), told)


def test_who_asks_too_much_is_told_when_to_ask_again(world: World) -> None:
    """429 with Retry-After, counted over all gateways in Redis, and in Prometheus."""
    world.shop.stop(["gateway"])
    world.shop.environ = {**world.shop.environ, "RATE_LIMIT": "5/minute"}
    world.shop.start(["gateway"])
    try:
        url = f"{world.shop.url('gateway')}/users/1"
        answers = [requests.get(url, timeout=10) for _ in range(8)]
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(200) <= 5
        assert statuses[-1] == 429
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        wait_until(lambda: world.value("shop_rate_limited_total") >= 3, "refusals in Prometheus")
    finally:
        world.shop.stop(["gateway"])
        world.shop.environ = {**world.shop.environ, "RATE_LIMIT": "1000/second"}
        world.shop.start(["gateway"])
