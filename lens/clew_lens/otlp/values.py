"""OTLP's AnyValue to plain values, and attribute lists to JSON text."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Iterable
from typing import Any

from .. import _names
from .limits import Limits

SAFE_INTEGER = 1 << 53
"""JavaScript reads larger integers wrongly, so they are kept as text."""

LONGEST_SEARCHED = 256
"""Longer values are kept but can't be searched by `key=value`."""

_SCALARS = (int, float, bool)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def plain(value: Any, limit: int) -> Any:
    """An AnyValue as str, bool, int, float, list, dict or None; text clipped to `limit`."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        text = value.string_value
        return text if len(text) <= limit else text[:limit] + "…"
    if kind == "int_value":
        number = value.int_value
        return number if -SAFE_INTEGER <= number <= SAFE_INTEGER else str(number)
    if kind == "bool_value":
        return value.bool_value
    if kind == "double_value":
        double = value.double_value
        return double if math.isfinite(double) else str(double)
    if kind == "array_value":
        return [plain(item, limit) for item in value.array_value.values[:1024]]
    if kind == "kvlist_value":
        return {kv.key: plain(kv.value, limit) for kv in value.kvlist_value.values[:1024]}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value[:limit]).decode()
    return None


def attributes(pairs: Any, limits: Limits) -> tuple[dict[str, Any], int]:
    """Key-value pairs as a dictionary, and how many were over the limit."""
    dropped = max(0, len(pairs) - limits.attributes)
    made: dict[str, Any] = {}
    for pair in pairs[: limits.attributes] if dropped else pairs:
        key = pair.key
        limit = limits.stacktrace if key == _names.EXCEPTION_STACKTRACE else limits.value
        made[key[: limits.name]] = plain(pair.value, limit)
    return made, dropped


def to_json(value: Any) -> str:
    """Compact JSON text; empty text for an empty container."""
    return _encode(value) if value else ""


def text_of(value: Any) -> str:
    """A value as the search and the page show it."""
    if isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if value is None:
        return ""
    return _encode(value)


def token(key: str, text: str) -> int:
    """The 64-bit hash by which `key=text` is searched; a chance match is one in billions."""
    data = f"{key}={text}".encode()
    return zlib.crc32(data) << 32 | zlib.adler32(data)


def tokens(attrs: dict[str, Any]) -> list[int]:
    """Hashes of all attributes that hold one short value."""
    found: list[int] = []
    for key, value in attrs.items():
        if value.__class__ is str:
            if len(value) <= LONGEST_SEARCHED:
                found.append(token(key, value))
        elif value.__class__ in _SCALARS:
            found.append(token(key, text_of(value)))
    return found


def first(attrs: dict[str, Any], keys: Iterable[str]) -> str:
    """The first of `keys` that is present, as text; empty where none is."""
    for key in keys:
        value = attrs.get(key)
        if value is not None:
            return value if isinstance(value, str) else text_of(value)
    return ""
