"""What all three signals share on the wire: resource, scope, and attributes that repeat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from clew import _names
from clew.export import _protobuf as pb

# Values that differ from request to request: remembering their encoding would only cost memory.
_ONE_OFF = frozenset(
    (
        _names.CORRELATION_ID,
        _names.URL_QUERY,
        _names.URL_FULL,
        _names.EXCEPTION_STACKTRACE,
        _names.LOG_DURATION,
    )
)
_MOST_REMEMBERED = 8_192
_LONGEST_REMEMBERED = 256


class AttributeEncoder:
    """Encodes attributes as repeated `KeyValue`, and remembers those that come again.

    For one thread only.
    """

    def __init__(self, field: int) -> None:
        """`field` is the number that the message around gives its attributes."""
        self._field = field
        # (key, length of the value) → all that stands before the value.
        self._heads: dict[tuple[str, int], bytes] = {}
        self._strings: dict[tuple[str, str], bytes] = {}
        self._ints: dict[tuple[str, int], bytes] = {}

    def encode(self, attributes: Iterable[tuple[str, Any]]) -> list[bytes]:
        """The encoded attributes, to be joined. `attributes` are pairs of key and value."""
        strings, ints = self._strings, self._ints
        parts = []
        for pair in attributes:
            key, value = pair
            kind = type(value)
            if kind is str:
                parts.append(strings.get(pair) or self._string(key, value))
            elif kind is int:
                parts.append(ints.get(pair) or self._int(key, value))
            else:
                parts.append(pb.key_value(self._field, key, value))
        return parts

    def _string(self, key: str, value: str) -> bytes:
        head = self._heads.get((key, len(value)))
        if head is not None and value.isascii():
            encoded = head + value.encode()
        else:
            encoded = pb.key_value(self._field, key, value)
            if value.isascii() and len(self._heads) < _MOST_REMEMBERED:
                self._heads[key, len(value)] = encoded[: len(encoded) - len(value)]
        if key not in _ONE_OFF and len(value) <= _LONGEST_REMEMBERED:
            if len(self._strings) >= _MOST_REMEMBERED:
                self._strings.clear()
            self._strings[key, value] = encoded
        return encoded

    def _int(self, key: str, value: int) -> bytes:
        encoded = pb.key_value(self._field, key, value)
        if key not in _ONE_OFF:
            if len(self._ints) >= _MOST_REMEMBERED:
                self._ints.clear()
            self._ints[key, value] = encoded
        return encoded


def resource(attributes: Resource) -> bytes:
    """Field 1 of ResourceSpans, ResourceMetrics and ResourceLogs."""
    return pb.delimited(1, pb.attributes(1, attributes.attributes))


def scope(described: InstrumentationScope | None) -> bytes:
    """Field 1 of ScopeSpans, ScopeMetrics and ScopeLogs."""
    if described is None:
        return pb.delimited(1, b"")
    return pb.delimited(
        1,
        pb.string(1, described.name)
        + pb.string(2, described.version or "")
        + pb.attributes(3, described.attributes),
    )
