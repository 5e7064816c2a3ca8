"""loguru: ids on every line (in `extra`), and every line to clew's export.

loguru begins with one sink, text on stderr. In its place clew writes JSON on standard output, until
the application chooses its own sinks (`logger.remove()`, `logger.configure(handlers=…)`): from then
on they print, and clew only exports.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from clew._foreign_logs import ForeignLines, ids

if TYPE_CHECKING:
    from clew._runtime import Runtime

_DEFAULT_SINK = 0


class LoguruLines:
    """clew's sink on the one logger that loguru has."""

    def __init__(self, logger: Any, runtime: Runtime) -> None:
        self._logger = logger
        core = logger._core
        # Whoever has removed the default sink, before clew began, has sinks of his own.
        self._replaced = runtime.settings.log_format == "json" and _DEFAULT_SINK in core.handlers
        self._lines = ForeignLines(runtime, write=self._replaced)
        if self._replaced:
            logger.remove(_DEFAULT_SINK)
        self._add()
        self._patch()

    def _add(self) -> None:
        # A format that is a function gets no exception appended: it is exported by itself.
        self._id = self._logger.add(self._take, level=0, format=lambda record: "{message}")

    def _take(self, message: Any) -> None:
        record = message.record
        error = record["exception"]
        self._lines.take(
            logger=record["name"] or "loguru",
            level=record["level"].no,
            level_name=record["level"].name,
            message=record["message"],
            fields=record["extra"],
            error=(error.type, error.value, error.traceback) if error else None,
        )

    def _patch(self) -> None:
        """Have the ids put into `extra`, before the application's own patcher."""
        core = self._logger._core
        own = core.patcher
        if hasattr(own, "__clew__"):
            return

        def patcher(record: Any) -> None:
            for key, value in ids().items():
                record["extra"].setdefault(key, value)
            if own is not None:
                own(record)

        patcher.__clew__ = own  # type: ignore[attr-defined]
        core.patcher = patcher

    def around_remove(self, original: Any) -> Any:
        """`Logger.remove` as the application knows it: of clew's sink it sees nothing."""

        @functools.wraps(original)
        def remove(logger: Any, handler_id: int | None = None) -> None:
            if self._replaced and handler_id == _DEFAULT_SINK and self._lines.writes:
                self._lines.stop_writing()
                return
            original(logger, handler_id)
            if handler_id is None:
                self._lines.stop_writing()
            if self._id not in logger._core.handlers:
                self._add()

        return remove

    def around_configure(self, original: Any) -> Any:
        """`Logger.configure`, after which the ids are still put in."""

        @functools.wraps(original)
        def configure(*args: Any, **options: Any) -> Any:
            try:
                return original(*args, **options)
            finally:
                self._patch()

        return configure


def watch(module: Any, runtime: Runtime) -> None:
    """Instrument the module `loguru`. Doing it again has no effect."""
    logger = module.logger
    kind = type(logger)
    if hasattr(kind, "__clew__"):
        return
    lines = LoguruLines(logger, runtime)
    kind.__clew__ = lines
    kind.remove = lines.around_remove(kind.remove)
    kind.configure = lines.around_configure(kind.configure)
