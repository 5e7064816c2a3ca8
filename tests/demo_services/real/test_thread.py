"""One order is one trace and one correlation id, through REST, gRPC and AMQP."""

from __future__ import annotations

import secrets

import pytest

from clew.readers import Span
from tests.demo_services.real.world import TOKEN, World
from tests.e2e.wait import wait_until

pytestmark = pytest.mark.backends

EVERYBODY = {"gateway", "users", "orders", "inventory", "payments", "catalog", "notifications"}


def done(spans: tuple[Span, ...]) -> bool:
    """Whether both who hear of the order have."""
    ends = {span.service for span in spans if span.kind == "CONSUMER"}
    return ends == {"inventory", "notifications"} and {s.service for s in spans} >= EVERYBODY


@pytest.fixture(scope="module")
def thread(world: World) -> str:
    """The correlation id of an order that went well."""
    own = f"thread-{secrets.token_hex(6)}"
    answer = world.order(own)
    assert (answer.status_code, answer.json()["degraded"]) == (201, [])
    assert answer.headers["X-Correlation-ID"] == own
    return own


def test_one_order_is_one_trace_through_all_services(world: World, thread: str) -> None:
    """From the edge to the notification, each span below one that is there."""
    spans = world.spans(thread, done)
    assert {span.service for span in spans} == EVERYBODY
    ids = {span.span_id for span in spans}
    [root] = [span for span in spans if span.parent_id not in ids]
    assert (root.service, root.name) == ("gateway", "POST /orders")


def test_every_way_in_carries_the_id(world: World, thread: str) -> None:
    """Each service's entry, by HTTP, gRPC or AMQP, has the same correlation id."""
    spans = world.spans(thread, done)
    entries = [span for span in spans if span.kind in ("SERVER", "CONSUMER")]
    assert {span.service for span in entries} == EVERYBODY
    assert {span.attributes.get("correlation_id") for span in entries} == {thread}


def test_a_message_fans_out_with_links(world: World, thread: str) -> None:
    """Both handlings are below the one sending, and link to it."""
    spans = world.spans(thread, done)
    [sent] = [span for span in spans if span.kind == "PRODUCER"]
    handled = [span for span in spans if span.kind == "CONSUMER"]
    assert sent.attributes["messaging.destination.name"] == "OrderCreated"
    assert {span.parent_id for span in handled} == {sent.span_id}
    assert world.links(sent.trace_id) == {span.span_id: [sent.span_id] for span in handled}


def test_every_hop_logs_under_the_same_id(world: World, thread: str) -> None:
    """In Loki, by the correlation id alone, with the trace's id on each line."""
    [trace] = {span.trace_id for span in world.spans(thread, done)}

    def all_told() -> bool:
        return {line.service for line in world.lines(thread)} == EVERYBODY

    wait_until(all_told, "log lines of all services")
    assert {line.trace_id for line in world.lines(thread)} == {trace}


def test_no_secret_stands_in_a_log(world: World, thread: str) -> None:
    """Neither the token between orders and payments nor the database's password."""
    password = world.database_url.split(":")[2].split("@")[0]
    for name in world.shop.names:
        said = world.shop.log(name).read_text()
        assert said
        assert TOKEN not in said
        assert password not in said


def test_a_poison_message_is_parked_and_counted(world: World) -> None:
    """It stays in its own trace, is counted for an alert, and the order behind it is told."""
    with world.fault("orders", "poison-message", 1):
        thread = f"poison-{secrets.token_hex(6)}"
        key = world.order(thread).json()["key"]
        told = f"told user 1 that order {key} is confirmed"
        wait_until(lambda: told in str([line.message for line in world.lines(thread)]), told)

    def parked() -> float:
        labels = {"shop_queue": "notifications", "shop_outcome": "parked"}
        return world.value("shop_messages_total", **labels)

    assert wait_until(parked, "a parked message in Prometheus") == 1
