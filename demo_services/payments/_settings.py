"""What payments is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo_services.shared.settings import Environ, Secret


@dataclass(frozen=True)
class Settings:
    """`token` is what callers must show, if it is set; `decline_rate` a share of charges."""

    database_url: Secret
    token: Secret
    decline_rate: float = 0.0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Raises SettingsError, which names the variable that can't be used."""
        env = Environ(environ)
        return cls(
            database_url=env.secret("DATABASE_URL") or Secret("sqlite:///payments.db"),
            token=env.secret("PAYMENTS_TOKEN"),
            decline_rate=env.share("PAYMENTS_DECLINE_RATE", 0.0),
        )
