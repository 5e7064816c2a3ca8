"""Text inside queries: what a person typed must stay text."""

from __future__ import annotations

import re

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """A string literal of LogQL and PromQL, both of which follow Go's rules for "…"."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


def metric_name(name: str) -> str:
    """The name, if it is one; ValueError otherwise."""
    if not _METRIC_NAME.fullmatch(name):
        raise ValueError(f"{name!r} can't be the name of a metric")
    return name


def label_name(name: str) -> str:
    """The name, if it is one; ValueError otherwise."""
    if not _LABEL_NAME.fullmatch(name):
        raise ValueError(f"{name!r} can't be the name of a label")
    return name
