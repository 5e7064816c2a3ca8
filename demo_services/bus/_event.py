"""The events of the shop, and their form on the wire: JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field, ValidationError

from demo_services.bus._interface import Message, Poison

ORDER_CREATED = "OrderCreated"
# Who hears of what. A publisher makes their queues too, so that a service that starts for the first
# time after an event has not missed it.
AUDIENCE: dict[str, tuple[str, ...]] = {ORDER_CREATED: ("inventory", "notifications")}


class OrderCreated(BaseModel):
    """An order is paid for, and its goods are held."""

    order: str = Field(min_length=1, max_length=80)
    user_id: int
    amount_cents: int = Field(gt=0)
    items: dict[str, int]


def order_created(message: Message) -> OrderCreated:
    """The event in a message. Raises Poison where there is none."""
    try:
        return OrderCreated.model_validate_json(message.body)
    except ValidationError as error:
        raise Poison(f"it is no {ORDER_CREATED}: {error.error_count()} errors") from error
