"""Compares OTLP messages field by field, and holds the differences that are meant."""

from __future__ import annotations

import difflib
from typing import Any

from google.protobuf import text_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

# What differs on purpose, and why. The tests named on the right pin each one.
DIFFERENCES = {
    "a link's trace state": "The protocol has a field for it; the SDK's exporter leaves it out.",
    "a lone surrogate": "The SDK's exporter loses the attribute, and for a span's or event's name "
    "the whole batch; clew writes '?' and keeps the rest.",
    "an int past 64 bits": "The SDK's exporter loses the attribute; clew sends its digits.",
    "a log record without a time": "The SDK sends 0; clew sends the observed time, which every "
    "store would take instead.",
    "a log record with half an id": "The SDK sends one of trace id and span id alone; clew sends "
    "ids as a pair or not at all.",
    "_on_ending": "The specification lets a processor change the span there; the SDK has ended it "
    "before, clew ends it after.",
}

# Times in programs are small; what is larger was read from a clock.
_CLOCK = 1_000_000_000_000_000_000
NOW = 1


def readable(message: Any) -> str:
    """All fields as text: equal for equal messages, also where a value is NaN."""
    text: str = text_format.MessageToString(message)
    return text


def same(sdk: Any, clew: Any) -> None:
    """Fail, with both shown, unless the two messages are equal in every field."""
    expected, found = readable(sdk).splitlines(), readable(clew).splitlines()
    changes = difflib.unified_diff(expected, found, "sdk", "clew", n=6, lineterm="")
    assert found == expected, "\n".join(changes)


def same_spans(sdk: ExportTraceServiceRequest, clew: ExportTraceServiceRequest) -> None:
    """`same`, whatever the clock said, and whatever lines a stack trace ran through."""
    same(_settled(sdk), _settled(clew))


def _settled(request: ExportTraceServiceRequest) -> ExportTraceServiceRequest:
    settled = ExportTraceServiceRequest()
    settled.CopyFrom(request)
    for resource in settled.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                _settle_span(span)
    return settled


def _settle_span(span: Any) -> None:
    if span.start_time_unix_nano > _CLOCK:
        span.start_time_unix_nano = NOW
    if span.end_time_unix_nano > _CLOCK:
        span.end_time_unix_nano = NOW
    for event in span.events:
        if event.time_unix_nano > _CLOCK:
            event.time_unix_nano = NOW
        for attribute in event.attributes:
            if attribute.key == "exception.stacktrace":
                lines = attribute.value.string_value.strip().splitlines()
                attribute.value.string_value = lines[-1] if lines else ""
