"""The log lines of a test, with the fields that clew writes."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any

from clew import _names
from clew._runtime import Runtime
from clew.logs import JsonFormatter, origin
from clew.testing._matching import exactly_one, holds


class LogLine(dict[str, Any]):
    """A line as its fields, those of the JSON line on standard output."""

    @property
    def message(self) -> str:
        return str(self[_names.LOG_MESSAGE])

    @property
    def level(self) -> str:
        return str(self[_names.LOG_LEVEL])

    @property
    def logger(self) -> str:
        return str(self[_names.LOG_LOGGER])

    @property
    def trace_id(self) -> str | None:
        return self.get(_names.LOG_TRACE_ID)

    @property
    def span_id(self) -> str | None:
        return self.get(_names.LOG_SPAN_ID)

    @property
    def correlation_id(self) -> str | None:
        return self.get(_names.CORRELATION_ID)


class Logs(Sequence[LogLine]):
    """The lines in the order in which they were logged."""

    def __init__(self) -> None:
        self._lines: list[LogLine] = []

    def add(self, line: LogLine) -> None:
        self._lines.append(line)

    def clear(self) -> None:
        """Forget what was captured so far."""
        self._lines.clear()

    def __getitem__(self, index: Any) -> Any:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[LogLine]:
        return iter(list(self._lines))

    @property
    def messages(self) -> list[str]:
        return [line.message for line in self]

    def find(
        self,
        message: str | re.Pattern[str] | None = None,
        *,
        level: str | None = None,
        logger: str | None = None,
        correlation_id: str | None = None,
        trace_id: str | None = None,
        fields: dict[str, Any] | None = None,
    ) -> list[LogLine]:
        """Those that match everything given: `message` as it is, or by a compiled pattern."""
        return [
            line
            for line in self
            if _says(line, message)
            and (level is None or line.level == level)
            and (logger is None or line.logger == logger)
            and (correlation_id is None or line.correlation_id == correlation_id)
            and (trace_id is None or line.trace_id == trace_id)
            and holds(line, fields)
        ]

    def one(
        self, message: str | re.Pattern[str] | None = None, *, wait: float = 1.0, **wanted: Any
    ) -> LogLine:
        """The only one that matches, as in `find`; waited for, for `wait` seconds.

        Raises:
            AssertionError: there is none, or there are several. The message shows the lines.
        """
        asked = {"message": message, **wanted}
        return exactly_one(lambda: self.find(message, **wanted), wait, asked, self._shown)

    def _shown(self) -> str:
        shown = [f"  {line.level} {line.logger}: {line.message}" for line in self]
        return "\n".join(shown) or "  (no line)"


def _says(line: LogLine, message: str | re.Pattern[str] | None) -> bool:
    if isinstance(message, re.Pattern):
        return message.search(line.message) is not None
    return message is None or line.message == message


class LineHandler(logging.Handler):
    """Keeps every record as clew would write it."""

    def __init__(self, runtime: Runtime, lines: Logs) -> None:
        super().__init__()
        self._json = JsonFormatter(str(runtime.resource.attributes[_names.SERVICE_NAME]))
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.add(LogLine(self._json.fields(record, *origin(record))))
        except Exception:
            self.handleError(record)
