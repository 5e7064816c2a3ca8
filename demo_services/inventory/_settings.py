"""What the inventory is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo_services.shared.settings import Environ, Secret


@dataclass(frozen=True)
class Settings:
    """`host` and `port` to listen on; `database_url`; `bus_url`, empty where there is no broker."""

    host: str
    port: int
    database_url: Secret
    bus_url: Secret

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Raises SettingsError, which names the variable that can't be used."""
        env = Environ(environ)
        return cls(
            host=env.text("INVENTORY_HOST", "127.0.0.1"),
            port=env.whole("INVENTORY_PORT", 8005, 1, 65535),
            database_url=env.secret("DATABASE_URL") or Secret("sqlite:///inventory.db"),
            bus_url=env.secret("BUS_URL"),
        )
