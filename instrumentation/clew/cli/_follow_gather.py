"""Asks a reader for all that belongs to an id. One store that is down doesn't hide the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from clew.cli._follow_target import Target
from clew.readers import (
    CorrelationId,
    InvalidId,
    Link,
    LogLine,
    Reader,
    ReaderError,
    Span,
    TraceId,
    Window,
)

MAX_TRACES = 20
"""How many traces of one correlation id are shown; more is a client that reuses its id."""

MAX_LINES = 1000

_MARGIN_NS = 300 * 10**9
"""Clocks differ, and a service may log for a while after its span has ended."""

T = TypeVar("T")


@dataclass(frozen=True)
class Trace:
    """One trace and the log lines that carry its id."""

    trace_id: str
    spans: tuple[Span, ...]
    lines: tuple[LogLine, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Found:
    """All that was found of an id.

    `loose_lines` carry the correlation id, but no trace id. `problems` are sentences: stores that
    gave no answer. `notes` say what was left out.
    """

    id: CorrelationId | TraceId
    traces: tuple[Trace, ...] = ()
    loose_lines: tuple[LogLine, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether there is something to show."""
        return bool(self.loose_lines) or any(one.spans or one.lines for one in self.traces)


def gather(reader: Reader, target: Target, window: Window) -> Found:
    """Look for each id that the target may mean, until one is found."""
    search = _Search(reader, window)
    tried = []
    for wanted in target.ids:
        tried.append(search.of(wanted))
        if tried[-1].anything:
            return tried[-1]
    return replace(tried[0], problems=tried[-1].problems)


class _Search:
    """Searches of one call; collects the problems met on the way."""

    def __init__(self, reader: Reader, window: Window) -> None:
        self._reader = reader
        self._window = window
        self._problems: dict[str, None] = {}
        self._notes: dict[str, None] = {}
        self._closed: set[str] = set()

    def of(self, wanted: CorrelationId | TraceId) -> Found:
        """All that is there of that id."""
        lines: tuple[LogLine, ...] = ()
        ids = [wanted.value]
        if isinstance(wanted, CorrelationId):
            lines = self._lines(wanted, self._window)
            ids = self._trace_ids(wanted, lines)
        traces = tuple(self._trace(TraceId(one), lines) for one in ids)
        return Found(
            wanted,
            tuple(one for one in traces if one.spans or one.lines),
            tuple(line for line in lines if line.trace_id not in ids),
            tuple(self._problems),
            tuple(self._notes),
        )

    def _trace_ids(self, wanted: CorrelationId, lines: tuple[LogLine, ...]) -> list[str]:
        stored = self._ask("traces", lambda: self._reader.trace_ids(wanted, self._window))
        # Log lines know traces, too: of services whose spans lack the id, or when Jaeger is down.
        known = dict.fromkeys([*stored, *(line.trace_id for line in lines)])
        ids = [one for one in known if _is_trace_id(one)]
        if len(ids) > MAX_TRACES:
            self._note(f"{len(ids)} traces carry this id; only the first {MAX_TRACES} are shown")
        return ids[:MAX_TRACES]

    def _trace(self, trace_id: TraceId, known: tuple[LogLine, ...]) -> Trace:
        spans = self._ask("traces", lambda: self._reader.trace(trace_id))
        # Its own lines are asked for as well: some may lack the correlation id.
        lines = self._lines(trace_id, _around(spans) or self._window)
        own = [line for line in known if line.trace_id == trace_id.value and line not in lines]
        return Trace(
            trace_id.value,
            spans,
            tuple(sorted([*own, *lines], key=lambda line: line.time_ns)),
            self._reader.links(trace_id) if spans else (),
        )

    def _lines(self, of: CorrelationId | TraceId, window: Window) -> tuple[LogLine, ...]:
        lines = self._ask("logs", lambda: self._reader.log_lines(of, window, MAX_LINES))
        if len(lines) >= MAX_LINES:
            self._note(f"there may be more log lines than the {MAX_LINES} that were read")
        return lines

    def _note(self, note: str) -> None:
        self._notes[note] = None

    def _ask(self, store: str, question: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
        """The answer; nothing where the store has failed, now or at an earlier question."""
        if store in self._closed:
            return ()
        try:
            return question()
        except ReaderError as error:
            self._problems[str(error)] = None
            self._closed.add(store)
            return ()


def _is_trace_id(text: str) -> bool:
    try:
        TraceId(text)
    except InvalidId:
        return False
    return True


def _around(spans: tuple[Span, ...]) -> Window | None:
    if not spans:
        return None
    start, end = min(span.start_ns for span in spans), max(span.end_ns for span in spans)
    return Window(start - _MARGIN_NS, end + _MARGIN_NS)
