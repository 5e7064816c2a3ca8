"""Orders and outgoing events in one database, so that both change in one transaction."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from demo_services.bus import Message
from demo_services.orders.order import FINAL, Order, State

_tables = MetaData()
_orders = Table(
    "orders",
    _tables,
    Column("key", String(80), primary_key=True),
    Column("user_id", Integer, nullable=False),
    Column("items", JSON, nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("amount_cents", Integer, nullable=False),
    Column("reason", String(300), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    # Until when, in seconds since the epoch, somebody is at work on it.
    Column("leased_until", Float, nullable=False),
)
_outbox = Table(
    "outbox",
    _tables,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False),
    Column("topic", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("sent", Boolean, nullable=False, index=True),
)


class Overtaken(Exception):
    """Somebody else has taken the order further meanwhile."""


@dataclass(frozen=True)
class Waiting:
    """An event that has not been sent yet."""

    number: int
    message: Message


class Store:
    """The orders. `clock` gives seconds since the epoch."""

    def __init__(
        self, engine: Engine, lease_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._lease_s = lease_s
        self._clock = clock
        _tables.create_all(engine)

    def add(self, order: Order) -> bool:
        """Write the order down, leased to the caller; False if its key is there already."""
        values = {**asdict(order), "leased_until": self._clock() + self._lease_s}
        try:
            with self._engine.begin() as db:
                db.execute(insert(_orders).values(values))
        except IntegrityError:
            return False
        return True

    def find(self, key: str) -> Order | None:
        with self._engine.begin() as db:
            row = db.execute(select(_orders).where(_orders.c.key == key)).first()
        return None if row is None else _order(row)

    def move(self, order: Order, to: State, event: Message | None = None, **changes: Any) -> Order:
        """The order in its new state; with it, `event` goes into the outbox. Raises Overtaken."""
        after = replace(order, state=to, **changes)
        values = {**changes, "state": to, "leased_until": self._clock() + self._lease_s}
        with self._engine.begin() as db:
            same = (_orders.c.key == order.key) & (_orders.c.state == order.state)
            if db.execute(update(_orders).where(same).values(values)).rowcount == 0:
                raise Overtaken(f"order {order.key} is not {order.state} any more")
            if event is not None:
                row = {**vars(event), "headers": dict(event.headers), "sent": False}
                db.execute(insert(_outbox).values(row))
        return after

    def abandoned(self, limit: int = 20) -> list[Order]:
        """Unfinished orders that nobody is at work on; they are the caller's now."""
        now = self._clock()
        idle = _orders.c.state.not_in(FINAL) & (_orders.c.leased_until < now)
        taken = []
        with self._engine.begin() as db:
            for row in db.execute(select(_orders).where(idle).limit(limit)).all():
                mine = (_orders.c.key == row.key) & (_orders.c.leased_until == row.leased_until)
                lease = update(_orders).where(mine).values(leased_until=now + self._lease_s)
                if db.execute(lease).rowcount:
                    taken.append(_order(row))
        return taken

    def let_go(self, order: Order, rest_s: float) -> None:
        """Leave the order to whoever comes in `rest_s` seconds or later."""
        with self._engine.begin() as db:
            until = {"leased_until": self._clock() + rest_s}
            db.execute(update(_orders).where(_orders.c.key == order.key).values(until))

    def waiting(self, limit: int = 50) -> list[Waiting]:
        """Events that have not been sent, the oldest first."""
        unsent = select(_outbox).where(~_outbox.c.sent).order_by(_outbox.c.number).limit(limit)
        with self._engine.begin() as db:
            return [
                Waiting(row.number, Message(row.id, row.topic, row.body, row.headers))
                for row in db.execute(unsent)
            ]

    def sent(self, waiting: Waiting) -> None:
        """The broker has it."""
        with self._engine.begin() as db:
            mine = _outbox.c.number == waiting.number
            db.execute(update(_outbox).where(mine).values(sent=True))

    def backlog(self) -> tuple[int, int]:
        """(unfinished orders, unsent events)."""
        unfinished = select(func.count()).select_from(_orders).where(_orders.c.state.not_in(FINAL))
        unsent = select(func.count()).select_from(_outbox).where(~_outbox.c.sent)
        with self._engine.begin() as db:
            return int(db.scalar(unfinished) or 0), int(db.scalar(unsent) or 0)


def new_id() -> str:
    """An id for an event."""
    return uuid.uuid4().hex


def _order(row: Any) -> Order:
    values = dict(row._mapping)
    del values["leased_until"]
    return Order(**values)
