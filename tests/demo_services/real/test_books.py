"""A thousand orders while parts of the shop fail, restart and are killed: the books balance."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import Engine, text

from demo_services.inventory.stock import FIRST_STOCK
from demo_services.shared import database
from demo_services.shared.settings import Secret
from tests.demo_services.real.customers import crowd
from tests.demo_services.real.world import World
from tests.e2e.wait import wait_until

pytestmark = pytest.mark.backends

ORDERS = 1000
SETTLED_WITHIN_S = 120.0
# Killed in the midst of their work, again and again.
VICTIMS = ("orders", "payments", "inventory", "notifications")


class Trouble:
    """Kills a service or restarts the broker, one after the other, until told to stop."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._make)
        self.made: Counter[str] = Counter()

    def __enter__(self) -> Trouble:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _make(self) -> None:
        turns = itertools.cycle((*VICTIMS, "broker"))
        while not self._stop.wait(self._chance.uniform(0.5, 2)):
            what = next(turns)
            if what == "broker":
                self._world.stack.run("down", "rabbitmq")
                self._world.stack.run("up", "rabbitmq")
            else:
                self._world.shop.kill(what)
                self._world.shop.start([what])
            self.made[what] += 1


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    """What the database answers."""
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(text(query))]


def unsettled(engine: Engine) -> list[tuple[object, ...]]:
    """What is still to be done: orders, events, notifications, goods."""
    return rows(
        engine,
        """select 'order', key from orders where state not in ('confirmed', 'cancelled')
           union all select 'event', id from outbox where not sent
           union all select 'notification', key from orders
               where state = 'confirmed' and key not in (select order_key from notifications)
           union all select 'goods', order_key from reservations where state = 'held'""",
    )


def test_a_thousand_orders_balance(world: World) -> None:
    """No order is lost, none is charged twice, all goods are accounted for, each is told once."""
    chance = random.Random(20261123)
    keys = [f"books-{number}" for number in range(ORDERS)]
    began = time.monotonic()
    with (
        world.fault("payments", "payment-decline", 0.15),
        world.fault("payments", "errors", 0.05),
        world.fault("inventory", "errors", 0.05),
        world.fault("notifications", "errors", 0.05),
        Trouble(world, chance) as trouble,
    ):
        answers = crowd(world, keys, chance)
    print(f"{time.monotonic() - began:.0f} s; answers {Counter(answers.values())}; {trouble.made}")

    engine = database.connect(Secret(world.database_url))
    wait_until(lambda: not unsettled(engine), "the books to settle", SETTLED_WITHIN_S)

    found = rows(engine, "select key, state from orders where key like 'books-%'")
    orders = {str(key): str(state) for key, state in found}
    assert set(orders) == set(keys), "an order is lost"
    for key, status in answers.items():
        assert (orders[key] == "confirmed") == (status in (200, 201)), (key, status, orders[key])
    assert rows(engine, "select order_key from notifications group by 1 having count(*) > 1") == []
    wrongly_paid = """
        select key from orders left join charges on order_key = key
        where (orders.state = 'confirmed') <> (coalesce(charges.state, '') = 'charged')
           or (orders.state = 'confirmed' and charges.amount_cents <> orders.amount_cents)"""
    assert rows(engine, wrongly_paid) == []
    assert (
        rows(
            engine, "select order_key from charges where order_key not in (select key from orders)"
        )
        == []
    )
    _check_stock(engine)
    assert set(trouble.made) == {*VICTIMS, "broker"}, "it was over before all had their turn"
    engine.dispose()


def _check_stock(engine: Engine) -> None:
    sold: Counter[str] = Counter()
    for (items,) in rows(engine, "select items from orders where state = 'confirmed'"):
        assert isinstance(items, dict)
        sold.update(items)
    for sku, free, held, gone in rows(engine, "select sku, free, held, sold from stock"):
        assert (held, gone) == (0, sold[str(sku)]), sku
        assert free == FIRST_STOCK[str(sku)][0] - sold[str(sku)], sku
