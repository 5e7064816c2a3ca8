"""Puts clew's handler where log lines pass, and takes plain stream handlers off their way.

Servers configure their loggers in their own time, some before and some after clew; `adopt` is
called again after each of them (see `clew._hooks`).
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, field

from clew.logs import ClewHandler

# Loggers of servers that come with handlers of their own and do not propagate.
_SERVER_LOGGERS = (
    "uvicorn", "uvicorn.error", "uvicorn.asgi",
    "gunicorn.error", "gunicorn.access",
    "hypercorn.error", "hypercorn.access",
    "granian", "_granian", "granian.access",
)  # fmt: skip
# Access lines of servers: clew's own, which carries the ids, replaces them.
_ACCESS_LOGGERS = ("uvicorn.access", "gunicorn.access", "hypercorn.access", "granian.access")


@dataclass
class LoggingSetup:
    """What was changed, so that it can be put back."""

    handler: ClewHandler
    level: int
    json_lines: bool  # False: log lines on stdout stay as they are
    access_log: bool
    _before: dict[str, tuple[list[logging.Handler], bool, int]] = field(default_factory=dict)

    def adopt(self) -> None:
        """Make every log line pass clew's handler exactly once. May be called repeatedly."""
        root = logging.getLogger()
        self._remember("", root)
        if self.json_lines:
            self._take_over(root)
            for name in _SERVER_LOGGERS:
                self._adopt_server(logging.getLogger(name))
            if self.access_log:
                for name in _ACCESS_LOGGERS:
                    self._silence(logging.getLogger(name))
        if self.handler not in root.handlers:
            # logging.basicConfig does nothing where the root logger has a handler, and the level
            # that it would have set is WARNING where nobody chose one.
            if root.level in (logging.NOTSET, logging.WARNING):
                root.setLevel(self.level)
            root.addHandler(self.handler)

    def restore(self) -> None:
        """Put every logger back as it was before the first `adopt`."""
        for name, (handlers, propagate, level) in self._before.items():
            logger = logging.getLogger(name)
            logger.handlers[:] = handlers
            logger.propagate = propagate
            logger.setLevel(level)
        self._before.clear()

    def _remember(self, name: str, logger: logging.Logger) -> None:
        state = (list(logger.handlers), logger.propagate, logger.level)
        self._before.setdefault(name, state)

    def _take_over(self, logger: logging.Logger) -> None:
        """Take off handlers that print to the terminal; files, queues and the like stay."""
        for handler in list(logger.handlers):
            if handler is not self.handler and _prints(handler):
                logger.removeHandler(handler)

    def _adopt_server(self, logger: logging.Logger) -> None:
        if not logger.handlers and logger.propagate:
            return
        self._remember(logger.name, logger)
        self._take_over(logger)
        logger.propagate = True

    def _silence(self, logger: logging.Logger) -> None:
        self._remember(logger.name, logger)
        self._take_over(logger)
        logger.propagate = False


def _prints(handler: logging.Handler) -> bool:
    return (
        isinstance(handler, logging.StreamHandler)
        and not isinstance(handler, logging.FileHandler)
        and handler.stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    )
