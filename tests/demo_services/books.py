"""The shop's books in one process: real stock and ledger in SQLite, between them any trouble."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Engine

from demo_services.bus import MemoryBus
from demo_services.inventory import stock
from demo_services.inventory.events import seller
from demo_services.inventory.stock import StockRoom
from demo_services.notifications.sent import Notifier
from demo_services.orders.background import Outbox, finish_abandoned
from demo_services.orders.order import Order
from demo_services.orders.saga import Refused, Saga
from demo_services.orders.store import Store
from demo_services.payments.ledger import Charge, Ledger, State
from demo_services.shared.downstream import Unavailable

T = TypeVar("T")

FIRST = {"clew": (400, 100), "map": (350, 7)}
LEASE_S = 10.0


class Killed(BaseException):
    """The process is gone at this point; nothing catches this."""


@dataclass
class Trouble:
    """What goes wrong around a call: nothing got there, the answer got lost, or a sudden end."""

    chance: random.Random
    lost: float = 0.0
    killed: float = 0.0
    script: list[str] = field(default_factory=list)
    """Instead of chance: what happens at each call, "" for nothing; then no trouble any more."""

    def around(self, call: Callable[[], T]) -> T:
        what = self._what()
        if what == "before":
            raise Unavailable("it did not get there")
        if what == "killed before":
            raise Killed
        result = call()
        if what == "after":
            raise Unavailable("the answer got lost")
        if what == "killed after":
            raise Killed
        return result

    def _what(self) -> str:
        if self.script:
            return self.script.pop(0)
        drawn = self.chance.random()
        if drawn < self.lost:
            return self.chance.choice(("before", "after"))
        if drawn < self.lost + self.killed:
            return self.chance.choice(("killed before", "killed after"))
        return ""


@dataclass
class Goods:
    """The inventory, with trouble on the way."""

    room: StockRoom
    trouble: Trouble

    def reserve(self, order: Order) -> int:
        try:
            return self.trouble.around(lambda: self.room.reserve(order.key, order.items))
        except stock.Refused as refused:
            raise Refused(409, str(refused)) from refused

    def release(self, order: Order) -> None:
        self.trouble.around(lambda: self.room.release(order.key))


@dataclass
class Money:
    """Payments, with trouble on the way; orders of user 13 are declined."""

    ledger: Ledger
    trouble: Trouble
    attempts: list[str] = field(default_factory=list)

    def charge(self, order: Order) -> None:
        state: State = "declined" if order.user_id == 13 else "charged"
        wanted = Charge(order.key, order.user_id, order.amount_cents, state)
        if self.trouble.around(lambda: self.ledger.charge(wanted)).state != "charged":
            raise Refused(402, "the payment was declined")

    def refund(self, order: Order) -> None:
        self.trouble.around(lambda: self.ledger.refund(order.key))


class Books:
    """Everything that an order touches, and a clock that moves when told."""

    def __init__(self, engine: Engine, trouble: Trouble) -> None:
        self.now = 1000.0
        self.trouble = trouble
        self.store = Store(engine, LEASE_S, lambda: self.now)
        self.room = StockRoom(engine, FIRST)
        self.ledger = Ledger(engine)
        self.notifier = Notifier(engine)
        self.bus = MemoryBus()
        self.listening = [
            (self.bus.subscriber("inventory", "OrderCreated"), seller(self.room)),
            (self.bus.subscriber("notifications", "OrderCreated"), self.notifier.handle),
        ]
        self.saga = Saga(self.store, Goods(self.room, trouble), Money(self.ledger, trouble))
        self.outbox = Outbox(self.store, self.bus)
        self.keys: list[str] = []

    def place(self, key: str, items: dict[str, int], user_id: int = 1) -> Order | None:
        """The order as answered; None if the process was killed meanwhile."""
        order = Order(key, user_id, items)
        self.keys.append(key)
        assert self.store.add(order)
        try:
            return self.saga.go_on(order)
        except Killed:
            return None

    def recover(self) -> None:
        """What another process does once the lease of a killed one has run out."""
        self.now += LEASE_S + 1
        try:
            finish_abandoned(self.store, self.saga)
        except Killed:
            pass

    def deliver(self) -> None:
        """Events to the bus, and from there to whoever listens."""
        self.outbox.send()
        for subscriber, handle in self.listening:
            subscriber.drain(handle)

    def settle(self) -> None:
        """No more trouble: everything is finished that can be."""
        self.trouble.lost = self.trouble.killed = 0.0
        self.trouble.script.clear()
        self.bus.down = False
        while self.store.backlog() != (0, 0):
            self.recover()
            self.deliver()

    def check(self) -> dict[str, int]:
        """The books balance: AssertionError if not. How many orders ended how."""
        ends: dict[str, int] = {}
        sold: dict[str, int] = dict.fromkeys(FIRST, 0)
        for key in self.keys:
            order, charge = self.store.find(key), self.ledger.find(key)
            assert order is not None, f"order {key} is lost"
            ends[order.state] = ends.get(order.state, 0) + 1
            paid = charge is not None and charge.state == "charged"
            assert paid == (order.state == "confirmed"), (order, charge)
            assert self.notifier.count(key) == paid, f"{key}: told {self.notifier.count(key)} times"
            if order.state == "confirmed":
                assert charge is not None and charge.amount_cents == order.amount_cents
                for sku, count in order.items.items():
                    sold[sku] += count
        for level in self.room.levels():
            assert level.held == 0, level
            assert level.sold == sold[level.sku], level
            assert level.free + level.sold == FIRST[level.sku][0], level
        assert set(ends) <= {"confirmed", "cancelled"}, ends
        return ends
