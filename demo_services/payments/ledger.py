"""Charges in a database: one for each order, whatever is asked how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

State = Literal["charged", "declined", "refunded"]

_tables = MetaData()
_charges = Table(
    "charges",
    _tables,
    Column("order_key", String(80), primary_key=True),
    Column("user_id", Integer, nullable=False),
    Column("amount_cents", Integer, nullable=False),
    Column("state", String(10), nullable=False),
)


@dataclass(frozen=True)
class Charge:
    """What an order was charged. A refund that came before its charge has the amount 0."""

    order: str
    user_id: int
    amount_cents: int
    state: State


class Ledger:
    """The charges. Each change is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        _tables.create_all(engine)

    def charge(self, wanted: Charge) -> Charge:
        """The order's charge: `wanted`, or the one that was there before it."""
        try:
            with self._engine.begin() as db:
                values = {"order_key": wanted.order, **vars(wanted)}
                del values["order"]
                db.execute(insert(_charges).values(values))
        except IntegrityError:
            found = self.find(wanted.order)
            assert found is not None, "charges are never removed"
            return found
        return wanted

    def refund(self, order: str) -> Charge:
        """Give the money back. Where there is no charge yet, none can come afterwards."""
        charge = self.find(order) or self.charge(Charge(order, 0, 0, "refunded"))
        if charge.state != "charged":
            return charge
        with self._engine.begin() as db:
            mine = _charges.c.order_key == order
            db.execute(update(_charges).where(mine).values(state="refunded"))
        return Charge(order, charge.user_id, charge.amount_cents, "refunded")

    def find(self, order: str) -> Charge | None:
        """The order's charge, if there is one."""
        with self._engine.begin() as db:
            row = db.execute(select(_charges).where(_charges.c.order_key == order)).first()
        return None if row is None else Charge(*row)
