"""structlog: ids on every line, and the lines that do not pass `logging` to clew's export.

The ids go in at the beginning of the chain of processors, so that any renderer shows them. How
lines look on standard output stays the application's choice.
"""

from __future__ import annotations

import functools
import logging
import sys
from typing import TYPE_CHECKING, Any

from clew import _faults
from clew._foreign_logs import ForeignLines, ids

if TYPE_CHECKING:
    from clew._runtime import Runtime

# Methods of structlog's loggers that are no levels of `logging` by name.
_LEVELS = {"exception": "ERROR", "warn": "WARNING", "fatal": "CRITICAL", "msg": "INFO"}


def watch(base: Any, runtime: Runtime) -> None:
    """Instrument the module `structlog._base`. Doing it again has no effect."""
    kind = base.BoundLoggerBase
    original = kind._process_event
    if hasattr(original, "__clew__"):
        return
    lines = ForeignLines(runtime, write=False)

    @functools.wraps(original)
    def _process_event(self: Any, method_name: str, event: Any, event_kw: dict[str, Any]) -> Any:
        given = {**ids(), **event_kw}
        processed = original(self, method_name, event, given)  # may raise DropEvent
        if not isinstance(self._logger, logging.Logger):
            try:
                _export(lines, self, method_name, event, event_kw)
            except Exception:
                _faults.caught("a line of structlog")
        return processed

    _process_event.__clew__ = original  # type: ignore[attr-defined]
    kind._process_event = _process_event


def _export(
    lines: ForeignLines, logger: Any, method: str, event: Any, given: dict[str, Any]
) -> None:
    fields = {**logger._context, **given}
    error = fields.pop("exc_info", None)
    if error is True or (error is None and method == "exception"):
        error = sys.exc_info()
    name = _LEVELS.get(method, method.upper())
    level = logging.getLevelName(name)
    lines.take(
        logger=str(
            fields.pop("logger", None) or getattr(logger._logger, "name", None) or "structlog"
        ),
        level=level if isinstance(level, int) else logging.INFO,
        level_name=name,
        message=str(event if event is not None else fields.pop("event", "")),
        fields=fields,
        error=error,
    )
