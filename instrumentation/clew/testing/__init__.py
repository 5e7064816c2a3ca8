"""Telemetry in tests: captured in memory, searched and asserted on. See docs/testing.md.

With pytest, ask for the fixtures `clew_spans`, `clew_logs` and `clew_metrics`; without it, use
`with clew.testing.capture() as captured:`.
"""

from clew.testing._capture import Capture, capture, start
from clew.testing._logs import LogLine, Logs
from clew.testing._metrics import Metrics, Point
from clew.testing._spans import CapturedSpan, Spans

__all__ = [
    "Capture",
    "CapturedSpan",
    "LogLine",
    "Logs",
    "Metrics",
    "Point",
    "Spans",
    "capture",
    "start",
]
