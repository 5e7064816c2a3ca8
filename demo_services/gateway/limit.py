"""How much one client may ask: 429 with Retry-After for what is too much."""

from __future__ import annotations

import logging
import math
import time

import limits
from fastapi import HTTPException, Request
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from demo_services.shared import telemetry
from demo_services.shared.settings import Secret, SettingsError

logger = logging.getLogger(__name__)


def check_rate(key: str, value: str) -> str:
    """`value`, if it is a rate like "100/second"; else SettingsError."""
    try:
        limits.parse(value)
    except ValueError:
        raise SettingsError(f"{key} is {value!r}, but must be a rate like 100/second") from None
    return value


class RateLimit:
    """A FastAPI dependency. Counts each client's requests in this process, or in Redis."""

    def __init__(self, rate: str, redis_url: Secret) -> None:
        self._item = limits.parse(rate)
        storage = storage_from_string(redis_url.reveal() or "memory://", wrap_exceptions=True)
        self._limiter = FixedWindowRateLimiter(storage)

    # Plain `def`: in FastAPI's thread pool, where asking Redis may block.
    def __call__(self, request: Request) -> None:
        client = request.client.host if request.client else "unknown"
        try:
            if self._limiter.hit(self._item, client):
                return
            reset = self._limiter.get_window_stats(self._item, client).reset_time
        except StorageError as error:
            # Rather too many requests than none: the count is a help, not the shop.
            logger.warning("requests are not counted: %s", type(error.storage_error).__name__)
            return
        wait = max(1, math.ceil(reset - time.time()))
        telemetry.rate_limited()
        raise HTTPException(
            429,
            f"more than {self._item}: ask again in {wait} s",
            {"Retry-After": str(wait)},
        )
