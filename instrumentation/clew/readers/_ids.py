"""The two ids by which a request is found.

Both are checked when they are made, so that what reaches a query was validated once, here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CORRELATION_ID_MAX = 128
"""Longest correlation id, in characters; the same bound that the middleware puts on the header."""

_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]+")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")


class InvalidId(ValueError):
    """The text can't be an id of the wanted kind."""


@dataclass(frozen=True, slots=True)
class CorrelationId:
    """A correlation id: 1 to 128 printable ASCII characters, no space at either end."""

    value: str

    def __post_init__(self) -> None:
        if not self.value or self.value != self.value.strip():
            raise InvalidId("a correlation id is not empty and has no space at its ends")
        if len(self.value) > CORRELATION_ID_MAX:
            raise InvalidId(
                f"a correlation id has at most {CORRELATION_ID_MAX} characters, "
                f"this has {len(self.value)}"
            )
        if not _PRINTABLE_ASCII.fullmatch(self.value):
            raise InvalidId("a correlation id holds printable ASCII characters only")


@dataclass(frozen=True, slots=True)
class TraceId:
    """A trace id: 32 lower-case hex digits, not all zero (W3C Trace Context, section 3.2.2.3)."""

    value: str

    def __post_init__(self) -> None:
        if not _TRACE_ID.fullmatch(self.value):
            raise InvalidId("a trace id is 32 lower-case hex digits")
        if self.value == "0" * 32:
            raise InvalidId("a trace id is not all zeros")
