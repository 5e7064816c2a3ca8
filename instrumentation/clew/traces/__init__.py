"""Spans: OpenTelemetry's API above, clew's buffer below."""

from clew.traces._shared import Shared
from clew.traces._span import ClewSpan
from clew.traces._tracer import ClewTracer, ClewTracerProvider

__all__ = ["ClewSpan", "ClewTracer", "ClewTracerProvider", "Shared"]
