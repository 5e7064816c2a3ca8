"""How the spans of a trace are related. Broken trees and loops are walked as far as they go."""

from __future__ import annotations

from collections.abc import Iterator

from clew.cli import _follow_tree as tree
from clew.cli._follow_gather import Trace
from clew.readers import Span

MOST = 0.8
"""A span beneath another that took this share of its time is what it spent its time with."""


class Family:
    """The spans of one trace, by their ids and their parents'."""

    def __init__(self, trace: Trace) -> None:
        self.spans = trace.spans
        self._by_id = {span.span_id: span for span in trace.spans}
        self._children: dict[str, list[Span]] = {}
        for span in trace.spans:
            self._children.setdefault(span.parent_id, []).append(span)
        rows = tree.rows(trace)
        self._depths = {row.item.span_id: row.depth for row in rows if isinstance(row.item, Span)}

    def get(self, span_id: str) -> Span | None:
        """The span with that id."""
        return self._by_id.get(span_id)

    def depth(self, span_id: str) -> int:
        """How many spans stand above it."""
        return self._depths.get(span_id, 0)

    def children(self, span: Span) -> list[Span]:
        """The spans right beneath it."""
        return self._children.get(span.span_id, [])

    def above(self, span: Span) -> Iterator[Span]:
        """Its parent, its parent's parent and so on; each once."""
        seen: set[str] = set()
        while (parent := self._by_id.get(span.parent_id)) and parent.span_id not in seen:
            seen.add(parent.span_id)
            yield parent
            span = parent

    def lowest(self, spans: list[Span]) -> list[Span]:
        """Those that none of the others descends from; all, where they are each other's parents."""
        over = {one.span_id for span in spans for one in self.above(span)}
        return [span for span in spans if span.span_id not in over] or spans

    def slowest(self, span: Span) -> Span:
        """The deepest span beneath that took most of its time, or the span itself."""
        seen: set[str] = set()
        while span.span_id not in seen:
            seen.add(span.span_id)
            long = (one for one in self.children(span) if _took_most(one, span))
            span = next(long, span)
        return span


def _took_most(one: Span, of: Span) -> bool:
    return one.duration_s >= MOST * of.duration_s
