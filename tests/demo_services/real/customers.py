"""Customers who don't give up: each asks with the same key until the shop says yes or no."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from tests.demo_services.real.world import World

_GIVE_UP_S = 120.0
_FINAL = (200, 201, 402, 409)
_CANCELLED = 424


@dataclass(frozen=True)
class Customer:
    """Wants an order. `patience` gives seconds to wait before asking again."""

    world: World
    patience: Callable[[], float]

    def place(self, key: str) -> int:
        """The status of the shop's last word on the order with that key."""
        deadline = time.monotonic() + _GIVE_UP_S
        while time.monotonic() < deadline:
            status = self._ask(key)
            if status in _FINAL:
                return status
            if status == 503 and self._is_cancelled(key):
                return _CANCELLED
            time.sleep(self.patience())
        raise AssertionError(f"order {key} had no final answer; the last was {status}")

    def _is_cancelled(self, key: str) -> bool:
        try:
            url = f"{self.world.shop.url('gateway')}/orders/{key}"
            found = requests.get(url, timeout=30)
        except requests.RequestException:
            return False
        return found.ok and found.json()["state"] == "cancelled"

    def _ask(self, key: str) -> int:
        try:
            return self.world.order(key=key, quantity=1).status_code
        except requests.RequestException:
            return 0


def crowd(world: World, keys: list[str], chance: random.Random, width: int = 6) -> dict[str, int]:
    """Place all those orders, `width` at a time; the last word on each."""
    customer = Customer(world, lambda: chance.uniform(0.1, 0.5))
    with ThreadPoolExecutor(width) as pool:
        return dict(zip(keys, pool.map(customer.place, keys), strict=True))
