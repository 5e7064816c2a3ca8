"""An order as it comes in and goes out, as JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, model_validator

from demo_services.orders.order import Order

# An order is cancelled since another service failed. Not 503: orders itself is well, and the same
# order under the same key stays cancelled.
FAILED_DEPENDENCY = 424  # RFC 4918, section 11.4

Sku = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Item(BaseModel):
    """So many of one of the goods."""

    sku: Sku
    quantity: int = Field(ge=1, le=100)


class OrderRequest(BaseModel):
    """What somebody wants."""

    user_id: int
    items: list[Item] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _each_once(self) -> OrderRequest:
        if len(self.by_sku()) < len(self.items):
            raise ValueError("one of the goods stands there twice; order it once, with the sum")
        return self

    def by_sku(self) -> dict[str, int]:
        """How many of each."""
        return {item.sku: item.quantity for item in self.items}


class OrderAnswer(BaseModel):
    """What became of it. `reason` is set where it is or will be cancelled."""

    key: str
    user_id: int
    items: list[Item]
    state: str
    amount_cents: int
    reason: str

    @classmethod
    def of(cls, order: Order) -> OrderAnswer:
        """As the outside may see it."""
        return cls(
            key=order.key,
            user_id=order.user_id,
            items=[Item(sku=sku, quantity=count) for sku, count in order.items.items()],
            state=order.state,
            amount_cents=order.amount_cents,
            reason=order.reason,
        )
