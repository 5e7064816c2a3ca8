"""What the gateway is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Settings:
    """Where the users service is, and how long to wait for it, in seconds."""

    users_url: str = "http://127.0.0.1:8001"
    connect_timeout_s: float = 0.5
    read_timeout_s: float = 2.0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read USERS_URL and USERS_TIMEOUT; ValueError names the one that can't be used."""
        return cls(
            users_url=_address("USERS_URL", environ.get("USERS_URL") or cls.users_url),
            read_timeout_s=_seconds(
                "USERS_TIMEOUT", environ.get("USERS_TIMEOUT") or str(cls.read_timeout_s)
            ),
        )

    @property
    def timeout(self) -> tuple[float, float]:
        """As `requests` wants it: (to connect, between two bytes read)."""
        return (self.connect_timeout_s, self.read_timeout_s)


def _address(key: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{key} is {value!r}, but must be an address like {Settings.users_url}")
    return value.rstrip("/")


def _seconds(key: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 60:
        raise ValueError(f"{key} is {value!r}, but must be seconds, more than 0 and at most 60")
    return seconds
