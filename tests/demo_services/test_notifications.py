"""A customer is told once."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine

from demo_services import bus
from demo_services.notifications.sent import Notifier

EVENT = {"order": "a", "user_id": 1, "amount_cents": 207, "items": {"clew": 2}}


def message(body: bytes, message_id: str = "m1") -> bus.Message:
    return bus.Message(message_id, bus.ORDER_CREATED, body)


def test_a_message_that_comes_twice_is_told_once(engine: Engine) -> None:
    """Also by another process with the same database."""
    told = message(json.dumps(EVENT).encode())
    assert Notifier(engine).handle(told)
    assert not Notifier(engine).handle(told)
    assert Notifier(engine).count("a") == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{",
        json.dumps({**EVENT, "amount_cents": -1}).encode(),
        b'{"order": ""}',
    ],
)
def test_what_is_no_event_is_poison(engine: Engine, body: bytes) -> None:
    """And nobody is told anything."""
    with pytest.raises(bus.Poison, match="it is no OrderCreated"):
        Notifier(engine).handle(message(body))
    assert Notifier(engine).count() == 0
