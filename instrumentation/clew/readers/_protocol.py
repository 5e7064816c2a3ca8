"""What every adapter can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from clew.readers._ids import CorrelationId, TraceId
from clew.readers._model import Exemplar, Link, LogLine, RouteStats, Sample, Span, Window

DEFAULT_LINES = 1000
"""How many log lines are read at the most, unless the caller says otherwise."""


class Reader(Protocol):
    """Telemetry that has been stored, read back.

    What is not there is an empty tuple, never an error. Every method raises `BackendUnavailable`
    when the store gives no answer in time, and `BackendRefused` when the answer can't be used.
    """

    @property
    def places(self) -> tuple[str, ...]:
        """Where it looks, for people: the name and the address of each store."""

    def trace_ids(self, correlation_id: CorrelationId, window: Window) -> tuple[str, ...]:
        """Ids (32 hex digits) of the traces that have a span with that `correlation_id`.

        In the order in which the traces began, each once.
        """

    def trace(self, trace_id: TraceId) -> tuple[Span, ...]:
        """All spans of that trace, in the order of their start."""

    def log_lines(
        self, of: CorrelationId | TraceId, window: Window, limit: int = DEFAULT_LINES
    ) -> tuple[LogLine, ...]:
        """Log lines that carry that id, oldest first, at most `limit`."""

    def samples(self, name: str, labels: Mapping[str, str]) -> tuple[Sample, ...]:
        """The newest value of each series with that name and at least those labels.

        `name` is as Prometheus has it, such as `http_server_request_duration_seconds_count`.
        Raises ValueError for a metric or label name that can't be one.
        """

    def exemplars(
        self, name: str, labels: Mapping[str, str], window: Window
    ) -> tuple[Exemplar, ...]:
        """Exemplars of those series, oldest first. Names as for `samples`."""

    def routes(self, window: Window, service: str = "") -> tuple[RouteStats, ...]:
        """How each route did in that window; only those of `service`, if one is named."""

    def links(self, trace_id: TraceId) -> tuple[Link, ...]:
        """Pages that show that trace."""
