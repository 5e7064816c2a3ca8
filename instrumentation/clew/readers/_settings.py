"""Where the stores are: the environment, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clew._environment import Environment

JAEGER_URL = "CLEW_JAEGER_URL"
LOKI_URL = "CLEW_LOKI_URL"
PROMETHEUS_URL = "CLEW_PROMETHEUS_URL"
GRAFANA_URL = "CLEW_GRAFANA_URL"


@dataclass(frozen=True)
class ReaderSettings:
    """Addresses of the stores, without a slash at the end, and the patience with each, in seconds.

    Grafana isn't read from: its address is where links point, if it answers there.
    """

    jaeger_url: str = "http://localhost:16686"
    loki_url: str = "http://localhost:3100"
    prometheus_url: str = "http://localhost:9090"
    grafana_url: str = "http://localhost:3000"
    timeout_s: float = 10.0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> ReaderSettings:
        """Read the four CLEW_*_URL variables. Raises ConfigurationError for what is no address."""
        variables = Environment(environ)
        settings = cls(
            jaeger_url=variables.url(JAEGER_URL, cls.jaeger_url).rstrip("/"),
            loki_url=variables.url(LOKI_URL, cls.loki_url).rstrip("/"),
            prometheus_url=variables.url(PROMETHEUS_URL, cls.prometheus_url).rstrip("/"),
            grafana_url=variables.url(GRAFANA_URL, cls.grafana_url).rstrip("/"),
        )
        variables.raise_problems()
        return settings
