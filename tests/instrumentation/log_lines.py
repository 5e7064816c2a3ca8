"""What tests of log lines share."""

from __future__ import annotations

import logging
from typing import Any

from tests.instrumentation.telemetry import Telemetry

logger = logging.getLogger("shop")
STANDARD = {"timestamp", "level", "logger", "message", "service.name"}


class Unprintable:
    """A value whose text fails."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __repr__(self) -> str:
        return "Unprintable()"


def only_line(clew: Telemetry) -> dict[str, Any]:
    """The only line that was written."""
    (line,) = clew.lines()
    return line
