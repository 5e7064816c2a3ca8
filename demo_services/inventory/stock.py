"""The stock in a database. Every change is one transaction, and may be asked for twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

FIRST_STOCK = {  # sku: (how many, cents each)
    "clew": (100_000, 1_250),
    "lantern": (100_000, 4_900),
    "map": (100_000, 900),
    "sword": (3, 19_900),
}
MAX_QUANTITY = 100

_tables = MetaData()
_stock = Table(
    "stock",
    _tables,
    Column("sku", String(40), primary_key=True),
    Column("free", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("sold", Integer, nullable=False),
    Column("price_cents", Integer, nullable=False),
)
_reservations = Table(
    "reservations",
    _tables,
    Column("order_key", String(80), primary_key=True),
    Column("items", JSON, nullable=False),
    Column("amount_cents", Integer, nullable=False),
    Column("state", String(10), nullable=False),  # held, released, sold
)


class Refused(Exception):
    """It can't be done, and trying again won't help."""


class UnknownGoods(Refused):
    """There is no such thing in the shop."""


class NotEnough(Refused):
    """Less is left than was asked for."""


class ReleasedBefore(Refused):
    """The order was given up before its reservation came."""


@dataclass(frozen=True)
class Level:
    """How much there is of one of the goods; `price_cents` each."""

    sku: str
    free: int
    held: int
    sold: int
    price_cents: int


class StockRoom:
    """The goods, and what orders hold of them."""

    def __init__(self, engine: Engine, first: Mapping[str, tuple[int, int]] = FIRST_STOCK) -> None:
        self._engine = engine
        _tables.create_all(engine)
        with engine.begin() as db:
            if db.execute(select(_stock.c.sku)).first() is None:
                rows = [
                    {"sku": sku, "free": count, "held": 0, "sold": 0, "price_cents": price}
                    for sku, (count, price) in first.items()
                ]
                db.execute(insert(_stock), rows)

    def reserve(self, order: str, items: Mapping[str, int]) -> int:
        """Hold the goods; return what they cost, in cents. Raises Refused."""
        try:
            with self._engine.begin() as db:
                return self._state(db, order) or self._hold(db, order, items)
        except IntegrityError:  # the same order came at the same time, and was first
            return self.reserve(order, items)

    def release(self, order: str) -> bool:
        """Give back what the order holds; whether it held something."""
        try:
            with self._engine.begin() as db:
                row = _row(db, order)
                if row is None:  # nothing may be held for it from now on
                    _note(db, order, {}, 0, "released")
                    return False
                return self._move(db, row, "released", "free")
        except IntegrityError:
            return self.release(order)

    def sell(self, order: str) -> bool:
        """Count what the order holds as sold; whether it still was to be."""
        with self._engine.begin() as db:
            row = _row(db, order)
            return row is not None and self._move(db, row, "sold", "sold")

    def levels(self) -> list[Level]:
        """All goods."""
        with self._engine.begin() as db:
            return [Level(*row) for row in db.execute(select(_stock).order_by(_stock.c.sku))]

    def _state(self, db: Connection, order: str) -> int | None:
        row = _row(db, order)
        if row is not None and row.state == "released":
            raise ReleasedBefore(f"order {order} was given up")
        return None if row is None else int(row.amount_cents)

    def _hold(self, db: Connection, order: str, items: Mapping[str, int]) -> int:
        amount = 0
        for sku, quantity in sorted(items.items()):  # sorted, or two would wait for each other
            price = db.scalar(select(_stock.c.price_cents).where(_stock.c.sku == sku))
            if price is None:
                raise UnknownGoods(f"there is no {sku!r} in the shop")
            took = db.execute(
                update(_stock)
                .where(_stock.c.sku == sku, _stock.c.free >= quantity)
                .values(free=_stock.c.free - quantity, held=_stock.c.held + quantity)
            )
            if took.rowcount == 0:
                raise NotEnough(f"not enough of {sku!r} is left")
            amount += price * quantity
        _note(db, order, items, amount, "held")
        return amount

    def _move(self, db: Connection, row: _Row, state: str, column: str) -> bool:
        changed = db.execute(
            update(_reservations)
            .where(_reservations.c.order_key == row.order_key, _reservations.c.state == "held")
            .values(state=state)
        )
        if changed.rowcount == 0:
            return False
        for sku, quantity in sorted(row.items.items()):
            to = {column: _stock.c[column] + quantity, "held": _stock.c.held - quantity}
            db.execute(update(_stock).where(_stock.c.sku == sku).values(to))
        return True


@dataclass(frozen=True)
class _Row:
    order_key: str
    items: dict[str, int]
    amount_cents: int
    state: str


def _row(db: Connection, order: str) -> _Row | None:
    found = db.execute(select(_reservations).where(_reservations.c.order_key == order)).first()
    return None if found is None else _Row(*found)


def _note(db: Connection, order: str, items: Mapping[str, int], amount: int, state: str) -> None:
    row = {"order_key": order, "items": dict(items), "amount_cents": amount, "state": state}
    db.execute(insert(_reservations).values(row))
