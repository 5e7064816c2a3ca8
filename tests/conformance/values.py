"""Attribute values of every kind that code hands to the API, odd ones included."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st


class Named:
    """An object that knows how to be a string."""

    def __str__(self) -> str:
        return "named"


class Nameless:
    """An object whose only text would be its address."""


NAMED, NAMELESS = Named(), Nameless()

# Surrogates are Python's way to hold bytes that are no text; they come from file names and headers.
TEXT = st.text(st.characters(codec=None), max_size=8)
CLEAN_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
KEYS = st.one_of(st.sampled_from(["a", "b", "c", "http.route", "ключ"]), CLEAN_TEXT)
ODD_KEYS = st.one_of(KEYS, st.integers(-3, 3), st.none(), st.just(NAMED), st.just(NAMELESS))

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(),
    TEXT,
    st.binary(max_size=5),
)
_ODD = st.sampled_from(
    [
        NAMED,
        NAMELESS,
        decimal.Decimal("1.50"),
        datetime.date(2026, 11, 23),
        frozenset((1,)),
        range(3),
        1 + 2j,
    ]
)
VALUES = st.recursive(
    st.one_of(_SCALARS, _ODD),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(ODD_KEYS, inner, max_size=3),
    ),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(KEYS, VALUES, max_size=4)
ODD_ATTRIBUTES = st.dictionaries(ODD_KEYS, VALUES, max_size=4)


def encodable(value: Any) -> Any:
    """`value` with lone surrogates replaced as clew replaces them, for the SDK, which cannot."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {key: encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [encodable(item) for item in value]
    if isinstance(value, tuple):
        return tuple(encodable(item) for item in value)
    return value
