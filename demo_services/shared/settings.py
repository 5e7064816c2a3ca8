"""Reads settings from the environment: values that can't be used are errors that name the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


class SettingsError(ValueError):
    """A variable can't be used; the message names it, its value, and what is allowed."""


@dataclass(frozen=True, repr=False)
class Secret:
    """A text that no log line, error or span shows by accident: only `reveal` gives it."""

    _value: str

    def reveal(self) -> str:
        """The text itself, for the one call that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret('***')" if self._value else "Secret('')"


class Environ:
    """Variables by type. Where one is missing or empty, the default holds."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, key: str, default: str) -> str:
        return self._values.get(key) or default

    def secret(self, key: str) -> Secret:
        """Its value never stands in an error."""
        return Secret(self._values.get(key) or "")

    def address(self, key: str, default: str) -> str:
        """A base address, `http://host:port`, without a slash at its end."""
        value = self.text(key, default)
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"{key} is {value!r}, but must be an address like {default}")
        return value.rstrip("/")

    def seconds(self, key: str, default: float, most: float = 60.0) -> float:
        return self._number(key, default, most, f"seconds, more than 0 and at most {most:g}")

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        value = self.text(key, str(default))
        if not value.isdecimal() or not least <= int(value) <= most:
            raise SettingsError(f"{key} is {value!r}, but must be a number from {least} to {most}")
        return int(value)

    def share(self, key: str, default: float) -> float:
        value = self.text(key, str(default))
        try:
            share = float(value)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise SettingsError(f"{key} is {value!r}, but must be a share, from 0 to 1")
        return share

    def _number(self, key: str, default: float, most: float, allowed: str) -> float:
        value = self.text(key, str(default))
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not 0 < number <= most:
            raise SettingsError(f"{key} is {value!r}, but must be {allowed}")
        return number
