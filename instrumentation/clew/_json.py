"""JSON for log lines: orjson where it is installed, else the standard library."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

Encoder = Callable[[Mapping[str, Any]], str]


def _standard() -> Encoder:
    return json.JSONEncoder(default=str, ensure_ascii=False, allow_nan=False).encode


def _fast() -> Encoder:
    import orjson

    def encode(fields: Mapping[str, Any]) -> str:
        return orjson.dumps(fields, default=str).decode()

    return encode


def _plain(value: Any) -> Any:
    """`value` as something that every JSON encoder takes."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    try:
        return str(value)
    except Exception:  # somebody's __str__ may fail; the line must not
        return f"<{type(value).__name__}>"


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
        except Exception:  # NaN, huge ints, lone surrogates, odd keys, a failing __str__, …
            return second(_plain(fields))

    return encode
