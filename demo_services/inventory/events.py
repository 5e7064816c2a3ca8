"""What the inventory does when it hears of an order."""

from __future__ import annotations

import logging

from demo_services import bus
from demo_services.inventory.stock import StockRoom

logger = logging.getLogger(__name__)


def seller(room: StockRoom) -> bus.Handle:
    """Handles OrderCreated: what the order holds is sold."""

    def handle(message: bus.Message) -> bool:
        order = bus.order_created(message).order
        new = room.sell(order)
        logger.info("order %s is %s", order, "sold" if new else "sold already")
        return new

    return handle
