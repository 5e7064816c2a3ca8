"""What was found, as text for people. Pure: the same input gives the same text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clew import _names
from clew.cli import _follow_tree as tree
from clew.cli._follow_explain import (
    CAUSE,
    HEAD,
    PLACE,
    PROBLEM,
    Explanation,
    Part,
    parts,
    span_text,
)
from clew.cli._follow_gather import Found, Trace
from clew.cli._follow_style import NUMBER_COLUMNS, Style, clean, milliseconds, moment
from clew.readers import CorrelationId, LogLine, Span

_TITLE_COLUMNS = 12


def render(found: Found, style: Style, why: Sequence[Explanation] = ()) -> str:
    """The whole timeline, its lines joined by newlines. `why` has one entry for each trace."""
    return "\n".join(_Page(found, style, why).lines())


def headline(found: Found, style: Style | None = None) -> str:
    """The id, and how much of it there is."""
    style = style or Style()
    kind = "correlation id" if isinstance(found.id, CorrelationId) else "trace id"
    spans = sum(len(trace.spans) for trace in found.traces)
    lines = sum(len(trace.lines) for trace in found.traces) + len(found.loose_lines)
    counts = (
        _count(len(found.traces), "trace"),
        _count(spans, "span"),
        _count(lines, "log line"),
        _count(len(_services(found)), "service"),
    )
    return f"{kind} {style.bold(clean(found.id.value, style.unicode))}: {', '.join(counts)}"


class _Page:
    def __init__(self, found: Found, style: Style, why: Sequence[Explanation]) -> None:
        self._found = found
        self._why = why or [Explanation() for _ in found.traces]
        self._style = style
        self._services = _services(found)

    def lines(self) -> Iterator[str]:
        yield headline(self._found, self._style)
        for trace, why in zip(self._found.traces, self._why, strict=True):
            yield ""
            yield from self._trace(trace, why)
        if self._found.loose_lines:
            yield ""
            yield self._style.bold("log lines outside of any trace")
            for line in self._found.loose_lines:
                yield f"{moment(line.time_ns)}  {self._log_text(line, with_service=True)}"
        for note in self._found.notes:
            yield ""
            yield f"note: {note}"

    def _trace(self, trace: Trace, why: Explanation) -> Iterator[str]:
        start, end = tree.start_ns(trace), tree.end_ns(trace)
        yield (
            f"{self._style.bold('trace ' + trace.trace_id)}  {moment(start)}"
            f"  {milliseconds(end - start).strip()} ms"
        )
        other = _correlation_ids(trace) - {self._found.id.value}
        if other:
            yield f"correlation id {', '.join(map(self._clean, sorted(other)))}"
        yield from self._cause(why)
        yield self._style.dim(f"start ms {self._style.edge}  took ms")
        told: set[tuple[str, str]] = set()
        for row in tree.rows(trace):
            yield self._row(row, start, end)
            yield from self._problem(row, told)
        for link in trace.links:
            yield f"{link.title}: {link.url}"

    def _cause(self, why: Explanation) -> Iterator[str]:
        told = list(parts(why))
        for part in told:
            sign = f"{self._style.cross} " if part.kind == PROBLEM else ""
            inner = " " * (_TITLE_COLUMNS + (2 if part.kind == PLACE else 0))
            lines = self._style.wrapped(sign + self._clean(part.text), len(inner))
            first, *rest = (self._weighed(line, part) for line in lines)
            yield (self._title(part.title) if part.kind == HEAD else inner) + first
            yield from (inner + line for line in rest)
        if told:
            yield ""

    def _title(self, title: str) -> str:
        shown = f"{title:{_TITLE_COLUMNS}}"
        return self._style.bold(self._style.red(shown) if title == CAUSE else shown)

    def _weighed(self, line: str, part: Part) -> str:
        if part.kind == PROBLEM:
            return self._style.red(line)
        return self._style.bold(line) if part.kind == HEAD else line

    def _row(self, row: tree.Row, start: int, end: int) -> str:
        item, style = row.item, self._style
        indent = "  " * row.depth
        took = (
            milliseconds(item.end_ns - item.start_ns)
            if isinstance(item, Span)
            else " " * NUMBER_COLUMNS
        )
        bar = _bar(item, start, max(1, end - start), style)
        if isinstance(item, Span):
            text = style.cut(indent + self._clean(span_text(item)), style.before_text)
            failed = item.status == "ERROR"
            shown = style.red(text) if failed else self._in_color(text, item.service)
            bar = style.red(bar) if failed else self._in_color(bar, item.service)
        else:
            shown = style.cut(indent + self._log_text(item, with_service=False), style.before_text)
            shown = style.red(shown) if item.severity in ("ERROR", "FATAL", "CRITICAL") else shown
        edge = f" {style.edge} "
        return (
            milliseconds(row.time_ns - start) + edge + took + edge + bar + edge + shown
        ).rstrip()

    def _problem(self, row: tree.Row, told: set[tuple[str, str]]) -> Iterator[str]:
        problem = tree.problem(row.item)
        if problem is None:
            return
        # The log line of an exception repeats what the span has just said.
        if isinstance(row.item, LogLine) and (problem.type, problem.message) in told:
            return
        told.add((problem.type, problem.message))
        indent = " " * self._style.before_text + "  " * (row.depth + 1)
        what = ": ".join(self._clean(part) for part in (problem.type, problem.message) if part)
        yield indent + self._style.red(f"{self._style.cross} {what}")
        if self._style.stack and problem.stack:
            for line in problem.stack.splitlines():
                yield f"{indent}  {self._clean(line)}".rstrip()
        elif problem.place:
            yield f"{indent}  at {self._clean(problem.place)}"

    def _log_text(self, line: LogLine, with_service: bool) -> str:
        where = f"{line.service} " if with_service else ""
        logger = f"{line.logger}: " if line.logger else ""
        return self._clean(f"{where}{line.severity or 'LOG'} {logger}{line.message}")

    def _clean(self, text: str) -> str:
        return clean(text, self._style.unicode)

    def _in_color(self, text: str, service: str) -> str:
        return self._style.of_service(text, service, self._services)


def _bar(item: tree.Item, start: int, length: int, style: Style) -> str:
    """Where on the trace's time the item stands, `style.bar_columns` wide."""
    columns = style.bar_columns

    def column(time_ns: int) -> int:
        return min(columns - 1, max(0, (time_ns - start) * columns // length))

    if isinstance(item, LogLine):
        return (" " * column(item.time_ns) + style.tick).ljust(columns)
    first = column(item.start_ns)
    last = max(first, column(item.end_ns - 1))  # at least one column, however short the span
    return (" " * first + style.bar * (last - first + 1)).ljust(columns)


def _services(found: Found) -> list[str]:
    named = {span.service for trace in found.traces for span in trace.spans}
    named |= {line.service for trace in found.traces for line in trace.lines}
    return sorted(named | {line.service for line in found.loose_lines})


def _correlation_ids(trace: Trace) -> set[str]:
    of_spans = {str(span.attributes.get(_names.CORRELATION_ID, "")) for span in trace.spans}
    return (of_spans | {line.correlation_id for line in trace.lines}) - {""}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
