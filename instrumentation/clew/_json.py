"""JSON for log lines: orjson where it is installed, else the standard library."""

from __future__ import annotations

import datetime
import enum
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

Encoder = Callable[[Mapping[str, Any]], str]
# Deeper than anybody reads, and well short of what the encoders and the interpreter's stack take.
_DEEPEST = 20


def _standard() -> Encoder:
    dump = json.JSONEncoder(default=text, ensure_ascii=False, allow_nan=False).encode

    def encode(fields: Mapping[str, Any]) -> str:
        line = dump(fields)
        if not line.isascii():
            line.encode()  # raises where a lone surrogate is in it, as orjson does
        return line

    return encode


def _fast() -> Encoder:
    import orjson

    def encode(fields: Mapping[str, Any]) -> str:
        return orjson.dumps(fields, default=text).decode()

    return encode


def text(value: Any) -> str:
    """`value` as a string, whatever its own `__str__` does."""
    try:
        return str(value)
    except Exception:  # also an int with more digits than Python is willing to print
        return f"<{type(value).__name__}>"


def plain(value: Any, depth: int = 0) -> Any:
    """A copy of `value` made of what JSON and OTLP both have: later changes do not reach it.

    What has no place there goes as its text, and what is nested too deeply, or in itself, as "…".
    """
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # without lone surrogates
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1)
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 63 else text(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return plain(text(value))
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {plain(text(key)): plain(item, depth + 1) for key, item in value.items()}
    return [plain(item, depth + 1) for item in value]


def _finite(value: Any) -> Any:
    """`value`, which `plain` has made, without the numbers that JSON has no word for."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value


def encoder() -> Encoder:
    """A function that makes one line of JSON of a mapping, whatever is in it."""
    try:
        first = _fast()
    except ImportError:
        first = _standard()
    second = _standard()

    def encode(fields: Mapping[str, Any]) -> str:
        try:
            return first(fields)
        except Exception:  # NaN, huge ints, lone surrogates, odd keys, …
            return second(_finite(plain(fields)))

    return encode
