"""An order, and what it may become.

new ──► reserved ──► confirmed
  └────────┴──► compensating ──► cancelled
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["new", "reserved", "confirmed", "compensating", "cancelled"]
FINAL: tuple[State, ...] = ("confirmed", "cancelled")


@dataclass(frozen=True)
class Order:
    """`items` is how many by sku; `headers` carry the trace and the id of its request.

    `status` is what HTTP calls the `reason` for which it was cancelled; 0 where there is none.
    """

    key: str
    user_id: int
    items: Mapping[str, int]
    state: State = "new"
    amount_cents: int = 0
    reason: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    def same_as(self, other: Order) -> bool:
        """Whether the same was ordered by the same user."""
        return (self.user_id, dict(self.items)) == (other.user_id, dict(other.items))
