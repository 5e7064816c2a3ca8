"""Protocol Buffers wire format, as much of it as OTLP needs.

Source: https://protobuf.dev/programming-guides/encoding/. Every function returns bytes ready to be
joined, so that a message is `b"".join(fields)`; unset fields are left out, as proto3 does.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

_pack_double = struct.Struct("<d").pack
_SMALL = tuple(bytes((n,)) for n in range(128))


def varint(number: int) -> bytes:
    """`number`, at least 0, as a varint."""
    if number < 128:
        return _SMALL[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def tag(field: int, wire_type: int) -> bytes:
    return varint(field << 3 | wire_type)


def delimited(field: int, payload: bytes) -> bytes:
    """A length-delimited field: bytes, a string's UTF-8, or an embedded message."""
    return tag(field, 2) + varint(len(payload)) + payload


def message(field: int, parts: Sequence[bytes]) -> list[bytes]:
    """A length-delimited field whose payload is `parts` joined: to be joined with what is around
    it, once. What is large is not copied at each level."""
    return [tag(field, 2) + varint(sum(map(len, parts))), *parts]


def string(field: int, text: str) -> bytes:
    if not isinstance(text, str):  # user code's names and versions may be anything
        text = _text(text)
    # A lone surrogate is no Unicode text; it becomes '?' rather than an error.
    return delimited(field, text.encode("utf-8", "replace")) if text else b""


def unsigned(field: int, number: int) -> bytes:
    """A varint field (uint32, uint64, enum, bool); left out when 0."""
    return tag(field, 0) + varint(number) if number else b""


def fixed64(field: int, number: int) -> bytes:
    return tag(field, 1) + (number & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")


def fixed32(field: int, number: int) -> bytes:
    return tag(field, 5) + (number & 0xFFFFFFFF).to_bytes(4, "little")


def double(field: int, number: float) -> bytes:
    return tag(field, 1) + _pack_double(number)


def any_value(value: Any) -> bytes:
    """The body of an `AnyValue` (opentelemetry/proto/common/v1/common.proto).

    Accepts what attributes may hold: None, bool, int, float, str, bytes, sequences and mappings of
    these. Anything else goes as its `str`. An int past 64 bits goes as text: it has no other place.
    """
    if isinstance(value, str):
        return delimited(1, value.encode("utf-8", "replace"))
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        if -(1 << 63) <= value < 1 << 63:
            return b"\x18" + varint(value & 0xFFFFFFFFFFFFFFFF)
        return any_value(_text(value))
    if isinstance(value, float):
        return double(4, value)
    if value is None:
        return b""
    if isinstance(value, (bytes, bytearray)):
        return delimited(7, bytes(value))
    if isinstance(value, Mapping):
        return delimited(6, b"".join(key_value(1, k, v) for k, v in value.items()))
    if isinstance(value, Sequence):
        return delimited(5, b"".join(delimited(1, any_value(item)) for item in value))
    return any_value(_text(value))


def _text(value: Any) -> str:
    """`value` as a string, whatever its own `__str__` does: it must not cost the whole request."""
    try:
        return str(value)
    except Exception:  # also an int with more digits than Python is willing to print
        return f"<{type(value).__name__}>"


def key_value(field: int, key: Any, value: Any) -> bytes:
    """One `KeyValue` as field number `field` of the message around it. `key` should be a str."""
    name = (key if isinstance(key, str) else _text(key)).encode("utf-8", "replace")
    body = any_value(value)
    return delimited(field, delimited(1, name) + tag(2, 2) + varint(len(body)) + body)


def attributes(field: int, mapping: Mapping[str, Any] | None) -> bytes:
    """All of `mapping` as repeated `KeyValue` in field number `field`."""
    if not mapping:
        return b""
    return b"".join(key_value(field, key, value) for key, value in mapping.items())
