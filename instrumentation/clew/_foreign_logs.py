"""Lines of loggers that are not the standard library's: their ids, and their way out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clew import _names
from clew.logs import ClewHandler, JsonFormatter, current_ids

if TYPE_CHECKING:
    from clew._runtime import Runtime

ID_FIELDS = (_names.LOG_TRACE_ID, _names.LOG_SPAN_ID, _names.CORRELATION_ID)


def ids() -> dict[str, str]:
    """The fields that say whose line it is: trace, span and correlation id, where there are any."""
    context, thread = current_ids()
    found = {}
    if context is not None:
        found[_names.LOG_TRACE_ID] = f"{context.trace_id:032x}"
        found[_names.LOG_SPAN_ID] = f"{context.span_id:016x}"
    if thread is not None:
        found[_names.CORRELATION_ID] = thread
    return found


class ForeignLines(ClewHandler):
    """Takes lines of one such library. `write` True: as JSON on standard output too."""

    def __init__(self, runtime: Runtime, write: bool) -> None:
        service = str(runtime.resource.attributes[_names.SERVICE_NAME])
        buffer = runtime.pipeline.logs if runtime.settings.logs else None
        super().__init__(JsonFormatter(service), buffer, write=write)

    @property
    def writes(self) -> bool:
        return self._write

    def stop_writing(self) -> None:
        """Leave standard output to the library from now on."""
        self._write = False

    def take(
        self, logger: str, level: int, level_name: str, message: str, fields: Mapping[str, Any],
        error: Any = None,
    ) -> None:  # fmt: skip
        """One line; `error` as `exc_info` of the logging module, or an exception."""
        if isinstance(error, BaseException):
            error = (type(error), error, error.__traceback__)
        body = {key: value for key, value in fields.items() if key not in ID_FIELDS}
        record = logging.LogRecord(logger, level, "", 0, "", None, error or None)
        # As a dictionary: none of the keys can be mistaken for one of the record's own.
        record.msg = {**body, _names.LOG_MESSAGE: message}  # type: ignore[assignment]
        record.levelname = level_name
        self.handle(record)

    def _is_alone(self, record: logging.LogRecord) -> bool:
        return False  # the library prints
