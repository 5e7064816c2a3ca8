"""What travels from the encoder to the endpoint, in memory or on disk."""

from __future__ import annotations

from typing import NamedTuple


class Parcel(NamedTuple):
    """One encoded request and how many items (spans, records, exports of metrics) are in it."""

    body: bytes
    items: int
