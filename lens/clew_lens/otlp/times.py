"""Timestamps that can be kept: a missing or absurd one becomes the time of arrival."""

from __future__ import annotations

from .limits import Limits

LATEST = (1 << 63) - 1


def sane(time: int, now: int, limits: Limits) -> int:
    """Nanoseconds since 1970: `time`, or `now` where it is 0 or too far ahead.

    OTLP's times are unsigned and reach the year 2554; the store's are signed and reach 2262.
    """
    if time <= 0 or time > now + limits.future * 1_000_000_000:
        return now
    return time
