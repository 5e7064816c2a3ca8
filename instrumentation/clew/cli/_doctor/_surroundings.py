"""All that the checks look at, gathered in one place so that a test can make it up."""

from __future__ import annotations

import importlib.metadata
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clew._config import Settings
from clew.cli._doctor._report import Report
from clew.readers import Reader, reader_from_environ
from clew.readers._http import JsonClient
from clew.readers.native import NativeReader

Pins = Mapping[str, tuple[str, tuple[str, ...]]]
"""Distribution → (version, what it requires, as its metadata says it)."""


@dataclass(frozen=True)
class Surroundings:
    """The settings of this environment, what is installed, and where telemetry is read back.

    `reports` are what an observed application left; None where none was given. `patience_s` is how
    long the probe is waited for.
    """

    environ: Mapping[str, str]
    settings: Settings
    reader: Reader
    packages: Pins
    reports: tuple[Report, ...] | None = None
    patience_s: float = 20.0
    now_ns: Callable[[], int] = field(default=time.time_ns)
    pause: Callable[[float], None] = field(default=time.sleep)

    @property
    def native(self) -> NativeReader | None:
        """The real backends, where they are read; None for a lens."""
        return self.reader if isinstance(self.reader, NativeReader) else None

    @property
    def clients(self) -> tuple[JsonClient, ...]:
        """One for each store."""
        native = self.native
        if native is not None:
            return (native.traces.client, native.logs.client, native.metrics.client)
        return (self.reader.client,) if hasattr(self.reader, "client") else ()


def of_process(
    reports: tuple[Report, ...] | None,
    patience_s: float,
    environ: Mapping[str, str] = os.environ,
) -> Surroundings:
    """As this process has them. Raises ConfigurationError."""
    return Surroundings(
        environ,
        Settings.from_environ(environ),
        reader_from_environ(environ),
        installed(),
        reports,
        patience_s,
    )


def installed() -> Pins:
    """OpenTelemetry's distributions in this Python."""
    return {
        name: (one.version, tuple(one.requires or ()))
        for one in importlib.metadata.distributions()
        if (name := str(one.metadata["Name"]).lower()).startswith("opentelemetry-")
    }
