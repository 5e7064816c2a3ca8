"""The log line of a request, where the configuration has one."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

NAME = "bench.users"
"""The logger whose lines are counted."""


def _no_line(user_id: int) -> None:
    pass


def writer() -> Callable[[int], None]:
    """What a handler calls with the user's id.

    `BENCH_LOG` is "none": nothing. "call": a record, for telemetry to write. "text": a record, and
    a plain-text handler on stdout, as a service without telemetry has it.
    """
    kind = os.environ.get("BENCH_LOG", "none")
    if kind == "none":
        return _no_line
    logger = logging.getLogger(NAME)
    if kind == "text":
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)

    def write(user_id: int) -> None:
        logger.info("found user %d", user_id)

    return write
