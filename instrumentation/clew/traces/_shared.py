"""Attributes that many spans begin with, kept once for all of them."""

from __future__ import annotations

from typing import Any


class Shared:
    """The first attributes of spans that were started alike, and their encoding once it is known.

    A span that has it set promises that its attributes begin with these, in this order, unchanged.
    """

    __slots__ = ("attributes", "count", "encoded")

    def __init__(self, attributes: dict[str, Any]) -> None:
        """`attributes` are copied by each span, and never changed."""
        self.attributes = attributes
        self.count = len(attributes)
        self.encoded: bytes | None = None  # the export thread's
