"""A trace as a list of rows, top to bottom: spans and log lines, each under what caused it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clew import _names
from clew.cli._follow_gather import Trace
from clew.readers import AttributeValue, LogLine, Span

Item = Span | LogLine


@dataclass(frozen=True)
class Row:
    """One line of the timeline: what it shows and how deep it stands, 0 for a root."""

    item: Item
    depth: int

    @property
    def time_ns(self) -> int:
        """When it happened or began."""
        return _time(self.item)


@dataclass(frozen=True)
class Problem:
    """An exception: its type, its message and its stack trace, "" where unknown."""

    type: str
    message: str
    stack: str = ""

    @property
    def place(self) -> str:
        """The innermost line of the stack trace that names a file, such as `app.py:7 in fail`."""
        frames = [
            line.strip() for line in self.stack.splitlines() if line.strip().startswith("File ")
        ]
        if not frames:
            return ""
        return (
            frames[-1]
            .removeprefix("File ")
            .replace('"', "")
            .replace(", line ", ":")
            .replace(", in ", " in ")
        )


def rows(trace: Trace) -> list[Row]:
    """Depth first, children in the order of time; a log line stands under its span.

    A span whose parent isn't there, and a line whose span isn't there, stand at the left edge.
    """
    spans = {span.span_id: span for span in trace.spans}
    children: dict[str, list[Item]] = {}
    for span in spans.values():
        known = span.parent_id in spans and span.parent_id != span.span_id
        children.setdefault(span.parent_id if known else "", []).append(span)
    for line in trace.lines:
        children.setdefault(line.span_id if line.span_id in spans else "", []).append(line)
    walked = list(_walk(children))
    # Spans that are each other's ancestors hang from no root; they still have to be seen.
    reached = {row.item.span_id for row in walked if isinstance(row.item, Span)}
    lost = [Row(span, 0) for span in spans.values() if span.span_id not in reached]
    return walked + lost


def start_ns(trace: Trace) -> int:
    """When the trace began: its earliest span, or its earliest line where there are no spans."""
    return min(_time(item) for item in (trace.spans or trace.lines))


def end_ns(trace: Trace) -> int:
    """When the trace ended: its latest span's end."""
    return max([span.end_ns for span in trace.spans] or [line.time_ns for line in trace.lines])


def problem(item: Item) -> Problem | None:
    """The exception that a span or a log line tells of; or the words of a failed span."""
    if isinstance(item, LogLine):
        # Loki writes `_` for the dots of attribute names.
        plain = {key.replace(".", "_"): value for key, value in item.attributes.items()}
        return _from_attributes(plain) if "exception_type" in plain else None
    for event in reversed(item.events):
        if event.name == _names.EXCEPTION_EVENT:
            return _from_attributes(
                {key.replace(".", "_"): value for key, value in event.attributes.items()}
            )
    if item.status != "ERROR":
        return None
    kind = str(item.attributes.get(_names.ERROR_TYPE, ""))
    if kind == str(item.attributes.get(_names.HTTP_RESPONSE_STATUS_CODE, "")):
        kind = ""  # the row itself shows the status code
    return Problem(kind, item.status_message) if kind or item.status_message else None


def _from_attributes(attributes: dict[str, AttributeValue] | dict[str, str]) -> Problem:
    def text(name: str) -> str:
        return str(attributes.get(name.replace(".", "_"), ""))

    return Problem(
        text(_names.EXCEPTION_TYPE),
        text(_names.EXCEPTION_MESSAGE),
        text(_names.EXCEPTION_STACKTRACE),
    )


def _walk(children: dict[str, list[Item]]) -> Iterator[Row]:
    # A stack of its own instead of recursion: a trace may be deeper than Python's limit.
    waiting = [Row(item, 0) for item in _latest_first(children.get("", []))]
    while waiting:
        row = waiting.pop()
        yield row
        if isinstance(row.item, Span):
            below = children.get(row.item.span_id, [])
            waiting += [Row(item, row.depth + 1) for item in _latest_first(below)]


def _latest_first(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (_time(item), isinstance(item, LogLine)), reverse=True)


def _time(item: Item) -> int:
    return item.start_ns if isinstance(item, Span) else item.time_ns
