"""The saga: hold the goods, take the money, confirm; where one step fails, take all of it back.

The state is in the database before and after each step, and every step may be done twice. So a
process that was killed is no loss: whoever finds the order afterwards goes on with it.
A step whose outcome is unknown (no answer came) is taken back as if it had been done. Taking back
what was not done leaves a mark, so that a late request for it is refused.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from demo_services.bus import ORDER_CREATED, Message, OrderCreated
from demo_services.orders.order import Order
from demo_services.orders.request import FAILED_DEPENDENCY
from demo_services.orders.store import Overtaken, Store, new_id
from demo_services.shared import messaging, telemetry
from demo_services.shared.downstream import Unavailable

logger = logging.getLogger(__name__)

_REST_S = 1.0  # before a compensation that failed is tried again


class Refused(Exception):
    """A step can't be done, for a reason that the customer may know. `status` is HTTP's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Goods(Protocol):
    """The inventory. Both may be done twice; both raise Unavailable."""

    def reserve(self, order: Order) -> int:
        """Hold the goods; what they cost, in cents. Raises Refused."""

    def release(self, order: Order) -> None:
        """Give them back."""


class Money(Protocol):
    """The payments. Both may be done twice; both raise Unavailable."""

    def charge(self, order: Order) -> None:
        """Take `order.amount_cents`. Raises Refused."""

    def refund(self, order: Order) -> None:
        """Give it back."""


@dataclass(frozen=True)
class Saga:
    """Takes an order from the state it is in to a final one, as far as the others answer."""

    store: Store
    goods: Goods
    money: Money

    def go_on(self, order: Order) -> Order:
        """The order, final, or `compensating` where even that must wait."""
        try:
            if order.state in ("new", "reserved"):
                order = self._forward(order)
            if order.state == "compensating":
                order = self._back(order)
        except Overtaken:
            logger.warning("order %s is in other hands", order.key)
            order = self.store.find(order.key) or order
        return order

    def _forward(self, order: Order) -> Order:
        try:
            if order.state == "new":
                amount = self.goods.reserve(order)
                order = self.store.move(order, "reserved", amount_cents=amount)
            self.money.charge(order)
        except Refused as refused:
            return self._give_up(order, refused.status, str(refused))
        except Unavailable as unavailable:
            return self._give_up(order, FAILED_DEPENDENCY, str(unavailable))
        order = self.store.move(order, "confirmed", _event(order))
        telemetry.order_ended("confirmed")
        logger.info("order %s is confirmed: %d cents", order.key, order.amount_cents)
        return order

    def _give_up(self, order: Order, status: int, reason: str) -> Order:
        logger.warning("order %s is given up: %s", order.key, reason)
        return self.store.move(order, "compensating", status=status, reason=reason[:300])

    def _back(self, order: Order) -> Order:
        try:
            self.money.refund(order)
            telemetry.compensated("payment", order.key)
            self.goods.release(order)
            telemetry.compensated("goods", order.key)
        except Unavailable as unavailable:
            logger.error("order %s can't be taken back yet: %s", order.key, unavailable)
            self.store.let_go(order, _REST_S)
            return order
        order = self.store.move(order, "cancelled")
        telemetry.order_ended("cancelled")
        logger.info("order %s is cancelled: %s", order.key, order.reason)
        return order


def _event(order: Order) -> Message:
    event = OrderCreated(
        order=order.key,
        user_id=order.user_id,
        amount_cents=order.amount_cents,
        items=dict(order.items),
    )
    body = event.model_dump_json().encode()
    return Message(new_id(), ORDER_CREATED, body, messaging.carried())
