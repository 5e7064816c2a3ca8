"""Faults of clew's own: caught where telemetry meets the application, counted, logged once.

"Never break": whatever goes wrong here, the application's request goes on as without clew.
"""

from __future__ import annotations

import itertools
import logging

from clew.export._buffer import count_of

_logger = logging.getLogger("clew")
_count = itertools.count()


def caught(where: str) -> None:
    """Note the exception being handled, which happened at `where`: the first one in full."""
    first = next(_count) == 0
    _logger.log(
        logging.ERROR if first else logging.DEBUG,
        "clew could not observe %s. The application is not affected. More of these are counted.",
        where,
        exc_info=True,
    )


def forget_parent() -> None:
    """After a fork: begin to count anew."""
    global _count
    _count = itertools.count()


def total() -> int:
    """How many there were since the start of the process."""
    return count_of(_count)
