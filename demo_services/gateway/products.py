"""What the catalog says of the goods, and what is said instead while it is away."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from demo_services.shared import telemetry
from demo_services.shared.downstream import Unavailable
from demo_services.shared.http import HttpService

logger = logging.getLogger(__name__)


class Products:
    """A reduced answer rather than none: it says itself what it lacks, under "degraded"."""

    def __init__(self, catalog: HttpService) -> None:
        self._catalog = catalog
        self._last: list[dict[str, str]] = []

    def all(self) -> dict[str, Any]:
        """All products; while the catalog is away, those of the last time it was there."""
        try:
            self._last = self._catalog.ask("GET", "/products").json()
        except Unavailable as error:
            return {"products": self._last, "degraded": self._without(error)}
        return {"products": self._last, "degraded": []}

    def described(self, skus: list[str]) -> dict[str, Any]:
        """The descriptions of those goods, or none of them. Nobody waits for them to be retried."""
        query = urlencode([("sku", sku) for sku in skus])
        try:
            found = self._catalog.ask("GET", f"/products?{query}", attempts=1).json()
        except Unavailable as error:
            return {"descriptions": {}, "degraded": self._without(error)}
        return {"descriptions": {one["sku"]: one["description"] for one in found}, "degraded": []}

    def _without(self, error: Unavailable) -> list[str]:
        logger.warning("answering without the catalog: %s", error)
        telemetry.degraded("catalog", str(error))
        return ["catalog"]
