"""Log lines: one rendering, for stdout and for OTLP.

A record becomes a dict of fields once. The dict becomes the JSON line on stdout at once, so that a
crash loses no line, and an OTLP record later, on the export thread.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, TextIO

from opentelemetry.trace import Span, SpanContext
from opentelemetry.trace.propagation import _SPAN_KEY
from pythonjsonlogger.core import RESERVED_ATTRS, BaseJsonFormatter

from clew import _context, _json, _names, correlation
from clew.export._buffer import Buffer
from clew.export._logs import LogItem
from clew.traces._span import type_name

# Where the middleware leaves (SpanContext, correlation id): on its own access records, and on an
# exception that leaves the application, which the server logs after the context is gone.
ORIGIN = "_clew_origin"

# Logs data model, "Mapping of SeverityNumber", and its short names.
_SEVERITIES = {
    logging.DEBUG: (5, "DEBUG"),
    logging.INFO: (9, "INFO"),
    logging.WARNING: (13, "WARN"),
    logging.ERROR: (17, "ERROR"),
    logging.CRITICAL: (21, "FATAL"),
}
_IMMUTABLE = frozenset((str, int, float, bool, type(None)))
_SKIPPED = frozenset(RESERVED_ATTRS) | {"color_message", "taskName"}


def _settled(value: Any) -> Any:
    """`value` as it is now: the record is encoded later, on another thread."""
    return value if type(value) in _IMMUTABLE else _json.plain(value)


def severity(level: int, name: str) -> tuple[int, str]:
    """(SeverityNumber, severity text) of a level of the `logging` module."""
    known = _SEVERITIES.get(level)
    if known is not None:
        return known
    # Levels between two standard ones take the numbers between.
    return max(1, min(24, 1 + level * 4 // 10)), name


def current_ids() -> tuple[SpanContext | None, str | None]:
    """The span context and the correlation id of the current context; None where there is none."""
    context = _context.current()
    span = context.get(_SPAN_KEY)
    ids = span.get_span_context() if isinstance(span, Span) else None
    return (ids if ids is not None and ids.is_valid else None), correlation.get(context)


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line. Fields: see `clew._names`, "JSON log line"."""

    def __init__(self, service_name: str) -> None:
        super().__init__()
        self._service_name = service_name
        self._encode = _json.encoder()
        self._second = -1
        self._prefix = ""

    def fields(
        self, record: logging.LogRecord, ids: SpanContext | None, thread: str | None
    ) -> dict[str, Any]:
        """The line as a dict. `ids` and `thread` are the span context and correlation id.

        What stands first, `export._logs` finds by its place.
        """
        message = record.msg
        fields: dict[str, Any] = {
            _names.LOG_TIMESTAMP: self._timestamp(record.created),
            _names.LOG_LEVEL: record.levelname,
            _names.LOG_LOGGER: record.name,
            _names.LOG_MESSAGE: (
                _settled(message.get(_names.LOG_MESSAGE, ""))
                if isinstance(message, dict)
                else record.getMessage()
            ),
            _names.SERVICE_NAME: self._service_name,
        }
        if ids is not None:
            fields[_names.LOG_TRACE_ID] = f"{ids.trace_id:032x}"
            fields[_names.LOG_SPAN_ID] = f"{ids.span_id:016x}"
        if thread is not None:
            fields[_names.CORRELATION_ID] = thread
        # Neither may replace what says whose line it is, and when it was written.
        if isinstance(message, dict):
            for key, value in message.items():
                fields.setdefault(_json.plain(_json.text(key)), _settled(value))
        given = record.__dict__
        if not given.keys() <= _SKIPPED:
            for key, value in given.items():
                if key not in _SKIPPED and key not in fields and not key.startswith("_"):
                    fields[key] = _settled(value)
        if record.exc_info:
            self._exception(fields, record)
        elif record.exc_text:
            fields[_names.EXCEPTION_STACKTRACE] = record.exc_text
        if record.stack_info:
            fields["stack_info"] = record.stack_info
        return fields

    def _exception(self, fields: dict[str, Any], record: logging.LogRecord) -> None:
        info = record.exc_info
        if not isinstance(info, tuple) or info[0] is None:
            return
        fields[_names.EXCEPTION_TYPE] = type_name(info[0])
        fields[_names.EXCEPTION_MESSAGE] = _json.text(info[1])
        if not record.exc_text:
            record.exc_text = str(self.formatException(info))
        fields[_names.EXCEPTION_STACKTRACE] = record.exc_text

    def _timestamp(self, created: float) -> str:
        """RFC 3339 in UTC with microseconds."""
        second = int(created)
        if second != self._second:
            self._prefix = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        micros = min(round((created - second) * 1_000_000), 999_999)
        return f"{self._prefix}.{micros:06d}Z"

    def format(self, record: logging.LogRecord) -> str:
        return self.jsonify_log_record(self.fields(record, *origin(record)))

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        return self._encode(log_data)


def origin(record: logging.LogRecord) -> tuple[SpanContext | None, str | None]:
    """Whose record this is: span context and correlation id, None where there is none."""
    named: tuple[SpanContext | None, str | None] | None = record.__dict__.get(ORIGIN)
    if named is not None:
        return named
    ids, thread = current_ids()
    if ids is None and isinstance(record.exc_info, tuple):
        named = getattr(record.exc_info[1], ORIGIN, None)
    return (ids, thread) if named is None else named


class ClewHandler(logging.Handler):
    """Writes the JSON line to `stream` and hands the record to the export buffer.

    `stream` None means whatever `sys.stdout` is at that moment; `write` False leaves stdout alone.
    """

    def __init__(
        self,
        formatter: JsonFormatter,
        buffer: Buffer | None,
        stream: TextIO | None = None,
        write: bool = True,
    ) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._json = formatter
        self._buffer = buffer
        self._stream = stream
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            ids, thread = origin(record)
            fields = self._json.fields(record, ids, thread)
            # First, for standard output may fail.
            if self._buffer is not None:
                self._buffer.put(_item(record, fields, ids))
            if self._write:
                stream = self._stream or sys.stdout
                if stream is not None:  # a process may have no stdout
                    stream.write(self._json.jsonify_log_record(fields) + "\n")
                    stream.flush()
            elif self._is_alone(record):
                # As without clew: `logging` itself prints warnings where there is no handler.
                logging.lastResort.handle(record)  # type: ignore[union-attr]
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)

    def _is_alone(self, record: logging.LogRecord) -> bool:
        """True for a warning or more that no other handler takes."""
        last = logging.lastResort
        logger: logging.Logger | None = logging.getLogger(record.name)
        if last is None or record.levelno < last.level:
            return False
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return False
            logger = logger.parent if logger.propagate else None
        return True


def _item(record: logging.LogRecord, fields: dict[str, Any], ids: SpanContext | None) -> LogItem:
    number, text = severity(record.levelno, record.levelname)
    now = int(record.created * 1e9)
    return LogItem(now, now, number, text, fields[_names.LOG_MESSAGE], fields, ids, record.name)
