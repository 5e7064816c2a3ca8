"""A mapping of a configuration file that remembers what was read of it."""

from __future__ import annotations

from typing import Any

from clew._exceptions import ConfigurationError


class Section:
    """Reads one mapping. Every key that nobody asked for ends up in `ignored`, with its path."""

    def __init__(self, given: Any, path: str, ignored: list[str]) -> None:
        if given is not None and not isinstance(given, dict):
            raise ConfigurationError([f"{path}={given!r} is invalid. Allowed: a mapping."])
        self._given: dict[str, Any] = given or {}
        self._path = path
        self._ignored = ignored
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        """The path of `key`, as in tracer_provider.processors[0].batch."""
        return f"{self._path}.{key}" if self._path else key

    def names(self) -> list[str]:
        return list(self._given)

    def value(self, key: str) -> Any:
        """None where it is absent."""
        self._asked.add(key)
        return self._given.get(key)

    def section(self, key: str) -> Section:
        """The mapping below `key`, empty where it is absent."""
        return Section(self.value(key), self.at(key), self._ignored)

    def sections(self, key: str) -> list[Section]:
        """The mappings in the list below `key`."""
        given = self.value(key) or []
        if not isinstance(given, list):
            raise ConfigurationError([f"{self.at(key)}={given!r} is invalid. Allowed: a list."])
        return [
            Section(one, f"{self.at(key)}[{number}]", self._ignored)
            for number, one in enumerate(given)
        ]

    def ignore(self, key: str, reason: str) -> None:
        """Note that `key` is not honoured, and why."""
        self._asked.add(key)
        self._ignored.append(f"{self.at(key)}: {reason}")

    def rest(self) -> None:
        """Note all that was not asked for, where it says anything."""
        for key, value in self._given.items():
            if key not in self._asked and value not in (None, {}, []):
                self.ignore(key, "not honoured by clew")
