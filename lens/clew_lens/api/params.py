"""Query parameters, declared once: they are parsed by, and documented from, the same lines."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import BadRequest
from ..query.window import SECOND, Window

Values = Mapping[str, str]
_SINCE = re.compile(r"(\d{1,9})(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 2000


@dataclass(frozen=True)
class Param:
    """One parameter of the query string."""

    name: str
    doc: str
    kind: str = "string"
    default: Any = ""
    most: int = 0
    choices: tuple[str, ...] = ()
    required: bool = False

    def read(self, values: Values) -> Any:
        """The parsed value. Raises BadRequest that names the parameter."""
        text = values.get(self.name, "").strip()
        if not text:
            if self.required:
                raise BadRequest(f"{self.name} is missing: {self.doc}")
            return self.default
        if len(text) > _LONGEST:
            raise BadRequest(f"{self.name} is over {_LONGEST} characters")
        if self.choices and text not in self.choices:
            raise BadRequest(f"{self.name} {text[:40]!r} isn't one of {', '.join(self.choices)}")
        return _PARSERS[self.kind](self, text)

    def schema(self) -> dict[str, Any]:
        """The parameter as OpenAPI describes it."""
        schema: dict[str, Any] = {"type": self.kind}
        if self.choices:
            schema["enum"] = [*self.choices] if self.required else ["", *self.choices]
        if self.default not in ("", None):
            schema["default"] = self.default
        if self.most:
            schema["maximum"] = self.most
        return {
            "name": self.name,
            "in": "query",
            "required": self.required,
            "description": self.doc,
            "schema": schema,
        }


def _integer(param: Param, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise BadRequest(f"{param.name} {text[:40]!r} isn't a whole number") from None
    if value < 0 or value >= 1 << 62:
        raise BadRequest(f"{param.name} {text[:40]} is out of range")
    return min(value, param.most) if param.most else value


def _number(param: Param, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadRequest(f"{param.name} {text[:40]!r} isn't a number") from None
    if not 0 <= value < 1e12:
        raise BadRequest(f"{param.name} {text[:40]} is out of range")
    return value


def _boolean(param: Param, text: str) -> bool:
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise BadRequest(f"{param.name} {text[:40]!r} isn't true or false")


def _string(param: Param, text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise BadRequest(f"{param.name} isn't valid UTF-8")
    return text


_PARSERS: dict[str, Callable[[Param, str], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}

SINCE = Param("since", "How far back from now, or from `to`: 30s, 15m, 6h, 2d.", default="15m")
FROM = Param("from", "Start, microseconds since 1970; wins over `since`.", "integer", None)
TO = Param("to", "End, microseconds since 1970; now where not given.", "integer", None)
WINDOW = (SINCE, FROM, TO)


def window(values: Values, wall: Callable[[], int] = time.time_ns) -> Window:
    """The window that `since`, `from` and `to` describe."""
    to, start = TO.read(values), FROM.read(values)
    end = min(to * 1000, (1 << 62)) if to is not None else wall() + 5 * SECOND
    if start is None:
        text = SINCE.read(values)
        match = _SINCE.fullmatch(text)
        if match is None:
            raise BadRequest(f"since {text[:40]!r} isn't like 30s, 15m, 6h or 2d")
        first = (to * 1000 if to is not None else wall()) - (
            int(match[1]) * _UNITS[match[2]] * SECOND
        )
    else:
        first = start * 1000
    if first > end:
        raise BadRequest("the window ends before it starts: swap from and to")
    return Window(max(first, 0), end)


def limit(default: int, most: int) -> Param:
    """How many at most."""
    return Param("limit", "How many at most.", "integer", default, most)
