"""What orders is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo_services.shared.downstream import Patience
from demo_services.shared.settings import Environ, Secret


@dataclass(frozen=True)
class Settings:
    """Where the others are, and how long an order may rest before somebody else takes it up."""

    database_url: Secret
    bus_url: Secret
    payments_token: Secret
    inventory: str
    payments_url: str
    patience: Patience
    lease_s: float = 15.0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Raises SettingsError, which names the variable that can't be used."""
        env = Environ(environ)
        return cls(
            database_url=env.secret("DATABASE_URL") or Secret("sqlite:///orders.db"),
            bus_url=env.secret("BUS_URL"),
            payments_token=env.secret("PAYMENTS_TOKEN"),
            inventory=env.text("INVENTORY_ADDRESS", "127.0.0.1:8005"),
            payments_url=env.address("PAYMENTS_URL", "http://127.0.0.1:8004"),
            patience=Patience(
                read_s=env.seconds("DOWNSTREAM_TIMEOUT", Patience.read_s),
                open_s=env.seconds("BREAKER_OPEN", Patience.open_s),
            ),
            lease_s=env.seconds("ORDER_LEASE", cls.lease_s),
        )
