"""Faults of a running shop, switched on for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from demo_services._processes import Shop


@contextmanager
def switched_on(shop: Shop, service: str, fault: str, level: float) -> Iterator[None]:
    """That fault, while the block lasts."""
    url = f"{shop.admin_url(service)}/faults/{fault}"
    requests.put(url, json={"level": level}, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(url, timeout=10).raise_for_status()
