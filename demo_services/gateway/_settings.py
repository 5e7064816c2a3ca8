"""What the gateway is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo_services.gateway.limit import check_rate
from demo_services.shared.downstream import Patience
from demo_services.shared.settings import Environ, Secret


@dataclass(frozen=True)
class Settings:
    """Where the services are, how patient to be with them, and how much one client may ask.

    `rate_limit` is like "100/second"; `redis_url` is where several gateways count together, empty
    where each counts for itself.
    """

    users_url: str = "http://127.0.0.1:8001"
    catalog_url: str = "http://127.0.0.1:8002"
    orders_url: str = "http://127.0.0.1:8003"
    users: Patience = Patience()
    catalog: Patience = Patience(read_s=1.0)
    # Longer than orders may need for its own retries.
    orders: Patience = Patience(read_s=10.0, attempts=2)
    rate_limit: str = "100/second"
    redis_url: Secret = Secret("")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Raises SettingsError, which names the variable that can't be used."""
        env = Environ(environ)
        open_s = env.seconds("BREAKER_OPEN", Patience.open_s)

        def patience(name: str, default: Patience) -> Patience:
            read_s = env.seconds(f"{name}_TIMEOUT", default.read_s)
            return Patience(read_s=read_s, attempts=default.attempts, open_s=open_s)

        return cls(
            users_url=env.address("USERS_URL", cls.users_url),
            catalog_url=env.address("CATALOG_URL", cls.catalog_url),
            orders_url=env.address("ORDERS_URL", cls.orders_url),
            users=patience("USERS", cls.users),
            catalog=patience("CATALOG", cls.catalog),
            orders=patience("ORDERS", cls.orders),
            rate_limit=check_rate("RATE_LIMIT", env.text("RATE_LIMIT", cls.rate_limit)),
            redis_url=env.secret("REDIS_URL"),
        )
