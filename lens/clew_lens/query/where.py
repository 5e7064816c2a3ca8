"""Conditions of a WHERE clause with their parameters; values never enter the SQL text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._errors import BadRequest
from ..otlp.values import token
from .window import Window


@dataclass
class Where:
    """Conditions that all must hold."""

    parts: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)

    def add(self, condition: str, *params: Any) -> Where:
        """Add a condition; each `?` takes one of `params`."""
        self.parts.append(condition)
        self.params.extend(params)
        return self

    def window(self, window: Window) -> Where:
        """Only rows of that time."""
        return self.add("time BETWEEN ? AND ?", window.start, window.end)

    def equal(self, column: str, value: str | None) -> Where:
        """Only rows where `column` is `value`; no value, no condition."""
        return self.add(f"{column} = ?", value) if value else self

    def attribute(self, kind: str, pair: str | None) -> Where:
        """Only rows with attribute `key=value`, of their own or of their resource."""
        if not pair:
            return self
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise BadRequest(f"attribute {pair[:60]!r} isn't of the form key=value")
        path = '$."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return self.add(
            f"(seq IN (SELECT seq FROM {kind}_tokens WHERE token = ?)"
            " OR resource IN (SELECT id FROM resources WHERE json_extract_string(attrs, ?) = ?))",
            token(key, value),
            path,
            value,
        )

    @property
    def sql(self) -> str:
        """The clause, or nothing where there are no conditions."""
        return " WHERE " + " AND ".join(self.parts) if self.parts else ""


def like(text: str) -> str:
    """A pattern that finds `text` anywhere, its own wildcards taken literally (ESCAPE '\\')."""
    for special in "\\%_":
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def trace_halves(text: str) -> tuple[int, int]:
    """The two numbers of a trace id of 32 hexadecimal digits."""
    if len(text) != 32:
        raise BadRequest(f"trace id {text[:60]!r} isn't 32 hexadecimal digits")
    try:
        return int(text[:16], 16), int(text[16:], 16)
    except ValueError:
        raise BadRequest(f"trace id {text[:60]!r} isn't 32 hexadecimal digits") from None
