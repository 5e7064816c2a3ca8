"""Read telemetry back: one protocol, an adapter per place where telemetry is kept."""

from clew.readers._choose import reader_from_environ
from clew.readers._errors import BackendRefused, BackendUnavailable, ReaderError
from clew.readers._ids import CorrelationId, InvalidId, TraceId
from clew.readers._model import (
    AttributeValue,
    Event,
    Exemplar,
    Link,
    LogLine,
    RouteStats,
    Sample,
    Span,
    Window,
)
from clew.readers._protocol import Reader
from clew.readers._settings import ReaderSettings
from clew.readers.native import NativeReader

__all__ = [
    "AttributeValue",
    "BackendRefused",
    "BackendUnavailable",
    "CorrelationId",
    "Event",
    "Exemplar",
    "InvalidId",
    "Link",
    "LogLine",
    "NativeReader",
    "Reader",
    "ReaderError",
    "ReaderSettings",
    "RouteStats",
    "Sample",
    "Span",
    "TraceId",
    "Window",
    "reader_from_environ",
]
