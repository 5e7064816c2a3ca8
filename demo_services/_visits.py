"""What people do in the shop: look around, buy, ask for what is not there."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

_TIMEOUT = (1, 15)  # s
_GOODS = ("clew", "lantern", "map")


@dataclass(frozen=True)
class Answer:
    """What came back in the end. `status` is 0 where nothing did; `correlation_id` is "" then.

    `seconds` is the whole visit's time.
    """

    kind: str
    status: int
    seconds: float
    correlation_id: str


Ask = Callable[..., requests.Response]


def _order(ask: Ask, chance: random.Random) -> requests.Response:
    """Look at the goods, order one to three kinds of them, ask what became of the order."""
    ask("GET", "/products")
    goods = chance.sample(_GOODS, chance.randint(1, len(_GOODS)))
    placed = _buy(ask, chance, [{"sku": sku, "quantity": chance.randint(1, 3)} for sku in goods])
    if placed.ok:
        ask("GET", f"/orders/{placed.json()['key']}")
    return placed


def _sold_out(ask: Ask, chance: random.Random) -> requests.Response:
    """Order more swords than there are."""
    return _buy(ask, chance, [{"sku": "sword", "quantity": 100}])


def _buy(ask: Ask, chance: random.Random, items: list[dict[str, Any]]) -> requests.Response:
    key = {"Idempotency-Key": str(uuid.UUID(int=chance.getrandbits(128)))}
    body = {"user_id": chance.choice((1, 2)), "items": items}
    placed = ask("POST", "/orders", json=body, headers=key)
    # People press the button twice. The shop must not mind.
    return ask("POST", "/orders", json=body, headers=key) if chance.random() < 0.1 else placed


def _found(ask: Ask, chance: random.Random) -> requests.Response:
    return ask("GET", f"/users/{chance.choice((1, 2))}")


def _browse(ask: Ask, _chance: random.Random) -> requests.Response:
    return ask("GET", "/products")


def _not_found(ask: Ask, _chance: random.Random) -> requests.Response:
    return ask("GET", "/users/999")


def _failing(ask: Ask, _chance: random.Random) -> requests.Response:
    return ask("GET", "/fail")


VISITS: dict[str, Callable[[Ask, random.Random], requests.Response]] = {
    "order": _order,
    "browse": _browse,
    "found": _found,
    "sold out": _sold_out,
    "not found": _not_found,
    "failing": _failing,
}


def sender(url: str, chance: random.Random) -> Callable[[str], Answer]:
    """A function that makes one visit of a kind to the gateway at `url`."""
    base = url.rstrip("/")

    def ask(method: str, path: str, **kwargs: Any) -> requests.Response:
        return requests.request(method, f"{base}{path}", timeout=_TIMEOUT, **kwargs)

    def send(kind: str) -> Answer:
        own = random.Random(chance.random())  # visits run side by side
        began = time.perf_counter()
        try:
            answer = VISITS[kind](ask, own)
        except requests.RequestException:
            return Answer(kind, 0, time.perf_counter() - began, "")
        thread = answer.headers.get("X-Correlation-ID", "")
        return Answer(kind, answer.status_code, time.perf_counter() - began, thread)

    return send
