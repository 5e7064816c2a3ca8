"""Endpoints as the environment describes them, and what is sent to them."""

from __future__ import annotations

from clew._config import Endpoint, Settings

BODY = b"an encoded request"
# Where the answer comes: far longer than it takes. Where none comes: short.
LONG, SHORT = 20.0, 0.05


def endpoint(url: str, **settings: str) -> Endpoint:
    """The endpoint that the environment describes."""
    environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url, **settings}
    found = Settings.from_environ(environ).traces
    assert found is not None
    return found
