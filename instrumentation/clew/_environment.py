"""Typed reading of environment variables that collects every problem before it complains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from clew._exceptions import ConfigurationError

_USER_INFO = re.compile(r"//[^/]*@")


class Environment:
    """Reads `environ`. An empty value counts as unset, as the specification asks.

    Each method returns the default where the value is unset or invalid; an invalid one is
    remembered, and `raise_problems` reports them all at once.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def has(self, key: str) -> bool:
        return bool(self._environ.get(key, "").strip())

    def text(self, key: str) -> str | None:
        return self._environ.get(key, "").strip() or None

    def problem(self, key: str, value: str, allowed: str) -> None:
        """Remember that `key` has the unusable `value`, and what is `allowed`."""
        sentence = f"{key}={value!r} is invalid. Allowed: {allowed}."
        if sentence not in self._problems:
            self._problems.append(sentence)

    def raise_problems(self) -> None:
        """Raise ConfigurationError if any value was unusable."""
        if self._problems:
            raise ConfigurationError(self._problems)

    def flag(self, key: str, default: bool) -> bool:
        value = self.text(key)
        if value is None:
            return default
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        self.problem(key, value, "true or false")
        return default

    def choice(self, key: str, default: str, allowed: Sequence[str]) -> str:
        value = self.text(key)
        if value is None:
            return default
        for name in allowed:
            if value.lower() == name.lower():
                return name
        self.problem(key, value, f"one of {', '.join(allowed)}")
        return default

    def whole(self, key: str, default: int, *, least: int, most: int | None = None) -> int:
        value = self.text(key)
        if value is None:
            return default
        # No more digits than fit into 64 bits: Python refuses to read very long numbers.
        if value.isdecimal() and len(value) < 19:
            number = int(value)
            if number >= least and (most is None or number <= most):
                return number
        upper = f" to {most}" if most is not None else " or more"
        self.problem(key, value, f"a whole number, {least}{upper}")
        return default

    def milliseconds(self, key: str, default: int) -> float:
        """The value, which the variable gives in milliseconds, in seconds."""
        return self.whole(key, default, least=1) / 1000

    def seconds(self, key: str, default: float) -> float:
        return self._number(key, default, most=None, allowed="seconds as a number, 0 or more")

    def ratio(self, key: str, default: float) -> float:
        return self._number(key, default, most=1.0, allowed="a number from 0 to 1")

    def _number(self, key: str, default: float, *, most: float | None, allowed: str) -> float:
        value = self.text(key)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if 0 <= number < float("inf") and (most is None or number <= most):
            return number
        self.problem(key, value, allowed)
        return default

    def words(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Words divided by commas."""
        value = self.text(key)
        if value is None:
            return default
        return tuple(word.strip() for word in value.split(",") if word.strip()) or default

    def pairs(self, key: str) -> dict[str, str]:
        """`key=value` pairs divided by commas, percent-encoded as in W3C Baggage."""
        found: dict[str, str] = {}
        for entry in self.words(key, ()):
            name, equals, value = entry.partition("=")
            if equals and name.strip():
                found[name.strip()] = unquote(value.strip())
            else:
                # The entry may hold a secret (a header's value), so it is not repeated.
                self.problem(key, "…", "name=value pairs divided by commas")
        return found

    def url(self, key: str, default: str) -> str:
        value = self.text(key)
        if value is None:
            return default
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
            usable = usable and value.isascii() and value.isprintable() and " " not in value
            _ = parts.port  # raises where the port is no number from 0 to 65535
        except ValueError:
            usable = False
        if usable:
            return value
        shown = _USER_INFO.sub("//…@", value)  # it may hold a password
        self.problem(key, shown, "an http:// or https:// address, as in http://localhost:4318")
        return default
