"""The spans of a test: found by what a reader of a trace would look for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanContext, StatusCode

from clew import _names
from clew.testing._matching import exactly_one, holds


class CapturedSpan:
    """An ended span, and its place in the trace."""

    def __init__(self, spans: Spans, span: ReadableSpan) -> None:
        self._spans = spans
        self.span = span
        self.name = span.name
        self.kind = span.kind.name.lower()  # "server", "client", "internal", …
        self.attributes: Mapping[str, Any] = dict(span.attributes or {})
        self.events: Sequence[Event] = tuple(span.events)

    @property
    def context(self) -> SpanContext:
        context = self.span.get_span_context()
        assert context is not None
        return context

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return f"{self.context.trace_id:032x}"

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return f"{self.context.span_id:016x}"

    @property
    def route(self) -> str | None:
        return self.attributes.get(_names.HTTP_ROUTE)

    @property
    def status_code(self) -> int | None:
        """Of the HTTP response."""
        return self.attributes.get(_names.HTTP_RESPONSE_STATUS_CODE)

    @property
    def correlation_id(self) -> str | None:
        return self.attributes.get(_names.CORRELATION_ID)

    @property
    def failed(self) -> bool:
        """True if its status is an error."""
        return self.span.status.status_code is StatusCode.ERROR

    @property
    def exceptions(self) -> list[tuple[str, str]]:
        """(type, message) of each exception that was recorded."""
        return [
            (str(given[_names.EXCEPTION_TYPE]), str(given[_names.EXCEPTION_MESSAGE]))
            for event in self.events
            if event.name == _names.EXCEPTION_EVENT and (given := event.attributes or {})
        ]

    @property
    def duration(self) -> float:
        """Seconds."""
        return ((self.span.end_time or 0) - (self.span.start_time or 0)) / 1e9

    @property
    def parent(self) -> CapturedSpan | None:
        """None for a root, and where the parent is another service's."""
        parent = self.span.parent
        if parent is None:
            return None
        return next((one for one in self._spans if one.context.span_id == parent.span_id), None)

    @property
    def children(self) -> list[CapturedSpan]:
        """In the order in which they began."""
        mine = self.context.span_id
        return [s for s in self._spans if s.span.parent and s.span.parent.span_id == mine]

    @property
    def descendants(self) -> list[CapturedSpan]:
        return [one for child in self.children for one in (child, *child.descendants)]

    def __repr__(self) -> str:
        said = {k: v for k, v in self.attributes.items() if k in _SHOWN}
        mark = " FAILED" if self.failed else ""
        return f"{self.name} ({self.kind}){mark} {said or ''}".rstrip()


_SHOWN = (
    _names.HTTP_ROUTE, _names.HTTP_RESPONSE_STATUS_CODE, _names.CORRELATION_ID, "db.system.name",
    "messaging.destination.name", _names.ERROR_TYPE,
)  # fmt: skip


class Spans(Sequence[CapturedSpan]):
    """The spans in the order in which they began."""

    def __init__(self, since: int = 0) -> None:
        """Spans that began before `since`, ns since the epoch, are another test's."""
        self._since = since
        self._ended: list[ReadableSpan] = []

    def add(self, span: ReadableSpan) -> None:
        if (span.start_time or 0) >= self._since:
            self._ended.append(span)

    def clear(self) -> None:
        """Forget what was captured so far."""
        self._ended.clear()

    def _all(self) -> list[CapturedSpan]:
        ended = sorted(list(self._ended), key=lambda span: span.start_time or 0)
        return [CapturedSpan(self, span) for span in ended]

    def __getitem__(self, index: Any) -> Any:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._ended)

    def __iter__(self) -> Iterator[CapturedSpan]:
        return iter(self._all())

    def find(
        self,
        name: str | None = None,
        *,
        route: str | None = None,
        kind: str | None = None,
        failed: bool | None = None,
        correlation_id: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> list[CapturedSpan]:
        """Those that match everything given. `kind`: "server", "client", "internal", …"""
        return [
            span
            for span in self._all()
            if (name is None or span.name == name)
            and (route is None or span.route == route)
            and (kind is None or span.kind == kind)
            and (failed is None or span.failed is failed)
            and (correlation_id is None or span.correlation_id == correlation_id)
            and holds(span.attributes, attributes)
        ]

    def one(self, name: str | None = None, *, wait: float = 1.0, **wanted: Any) -> CapturedSpan:
        """The only one that matches, as in `find`; waited for, for `wait` seconds.

        Raises:
            AssertionError: there is none, or there are several. The message shows the traces.
        """
        asked = {"name": name, **wanted}
        return exactly_one(lambda: self.find(name, **wanted), wait, asked, self.tree)

    @property
    def roots(self) -> list[CapturedSpan]:
        """Those without a parent in this process."""
        return [span for span in self._all() if span.parent is None]

    def tree(self) -> str:
        """All spans as text, children below their parents."""

        def lines(span: CapturedSpan, depth: int) -> list[str]:
            below = [line for child in span.children for line in lines(child, depth + 1)]
            return [f"{'  ' * depth}{span!r}", *below]

        return "\n".join(line for root in self.roots for line in lines(root, 1)) or "  (no span)"
