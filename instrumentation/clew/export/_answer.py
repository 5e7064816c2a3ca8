"""What an endpoint answered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What became of one attempt.

    `reason` is "" if the endpoint took the request; else one word or code for the metric, such as
    "unreachable" or "http_400". `retry_after` is seconds, where the endpoint asked for a pause.
    `rejected` counts items that an accepted request lost (OTLP partial success).
    """

    reason: str = ""
    detail: str = ""
    retry: bool = False
    retry_after: float | None = None
    rejected: int = 0


def rejected_items(response: bytes) -> int:
    """`partial_success.rejected_*` of an Export…ServiceResponse; 0 where there is none or it is
    not readable (an endpoint may answer 200 with JSON or text)."""
    try:
        if response[:1] != b"\x0a":
            return 0
        length, at = _varint(response, 1)
        if not length or at + length > len(response) or response[at] != 0x08:
            return 0
        number, _ = _varint(response, at + 1)
    except (IndexError, ValueError):
        return 0
    return number if number < 1 << 63 else 0  # negative, which no count is


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):  # at most ten bytes
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
    raise ValueError("no varint")
