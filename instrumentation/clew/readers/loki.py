"""Log lines, from Loki's query API.

Loki's OTLP endpoint turns a record's attributes into structured metadata, with `_` for `.` in
the names, and adds `trace_id`, `span_id`, `severity_text` and `scope_name` (the logger).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clew import _names
from clew.readers._http import SHAPE_ERRORS, JsonClient
from clew.readers._ids import CorrelationId, TraceId
from clew.readers._model import LogLine, Window
from clew.readers._protocol import DEFAULT_LINES
from clew.readers._quote import quoted

# Every stream: a selector must name at least one label, and each service has this one.
_ALL_STREAMS = '{service_name=~".+"}'


@dataclass(frozen=True)
class LokiReader:
    """The log side of a `Reader`."""

    client: JsonClient

    def log_lines(
        self, of: CorrelationId | TraceId, window: Window, limit: int = DEFAULT_LINES
    ) -> tuple[LogLine, ...]:
        """Lines that carry that id, oldest first."""
        params = {
            "query": query(of),
            "start": str(window.start_ns),
            "end": str(window.end_ns + 1),  # Loki leaves the end itself out
            "limit": str(limit),
            "direction": "forward",
        }
        answer = self.client.get("/loki/api/v1/query_range", params)
        try:
            streams = answer["data"]["result"]
            lines = [
                _line(stream["stream"], int(entry[0]), entry[1])
                for stream in streams
                for entry in stream["values"]
            ]
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"log lines of unknown shape ({error!r})") from error
        return tuple(sorted(lines, key=lambda line: line.time_ns))


def query(of: CorrelationId | TraceId) -> str:
    """The LogQL that finds the lines with that id."""
    label = _names.LOG_TRACE_ID if isinstance(of, TraceId) else _names.CORRELATION_ID
    return f"{_ALL_STREAMS} | {label}={quoted(of.value)}"


def _line(labels: dict[str, Any], time_ns: int, message: str) -> LogLine:
    rest = dict(labels)
    severity = rest.pop("severity_text", "") or rest.get("detected_level", "")
    rest.pop("detected_level", None)
    return LogLine(
        time_ns=time_ns,
        service=rest.pop("service_name", "unknown_service"),
        severity=severity.upper(),
        logger=rest.pop("scope_name", ""),
        message=message,
        trace_id=rest.pop(_names.LOG_TRACE_ID, ""),
        span_id=rest.pop(_names.LOG_SPAN_ID, ""),
        correlation_id=rest.pop(_names.CORRELATION_ID, ""),
        attributes=rest,
    )
