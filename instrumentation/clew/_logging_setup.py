"""Puts clew's handler where log lines pass, and takes plain stream handlers off their way.

Applications and servers configure logging in their own time, some before and some after clew;
`adopt` is called again after each of them (see `clew._hooks`).
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
        # WARNING is what nobody chose; a level that is set later is somebody's choice.
        if "" not in self._before and root.level in (logging.NOTSET, logging.WARNING):
            self._remember("", root)
            root.setLevel(self.level)
        self._remember("", root)
        if self.json_lines:
            self._take_over(root)
            for name in _SERVER_LOGGERS:
                self._adopt_server(logging.getLogger(name))
            if self.access_log:
                for name in _ACCESS_LOGGERS:
                    self._silence(logging.getLogger(name))
            for logger in _existing():
                self._adopt_own(logger)
        if self.handler not in root.handlers:
            root.addHandler(self.handler)
        for logger in _existing():  # dictConfig disables the loggers that it does not name
            if logger.name.partition(".")[0] == "clew":
                logger.disabled = False

    def stand_aside(self) -> None:
        """Leave the root logger, so that `logging.basicConfig` does what it does without clew."""
        logging.getLogger().removeHandler(self.handler)

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

    def _adopt_own(self, logger: logging.Logger) -> None:
        """Replace the handlers of the application's `logger` that print, if it has any."""
        if not any(handler is not self.handler and _prints(handler) for handler in logger.handlers):
            return
        self._remember(logger.name, logger)
        self._take_over(logger)
        if not logger.propagate and self.handler not in logger.handlers:
            logger.addHandler(self.handler)

    def _silence(self, logger: logging.Logger) -> None:
        self._remember(logger.name, logger)
        self._take_over(logger)
        logger.propagate = False


def _existing() -> list[logging.Logger]:
    """Every logger but the root logger."""
    found = list(logging.root.manager.loggerDict.values())
    return [logger for logger in found if isinstance(logger, logging.Logger)]


def _prints(handler: logging.Handler) -> bool:
    return (
        isinstance(handler, logging.StreamHandler)
        and not isinstance(handler, logging.FileHandler)
        and handler.stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    )
