"""The span: what a request pays for, and nothing else.

It answers as the SDK's span does (`opentelemetry.sdk.trace.Span`, which the conformance tests hold
it to) but keeps raw values in slots, takes no lock, and is handed over ended, to be encoded on the
export thread. Every change is one bytecode-atomic operation on a dict or list of its own.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from time import time_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any

from opentelemetry import trace as trace_api
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from clew import _names
from clew.traces._shared import Shared

if TYPE_CHECKING:
    from clew.metrics import DurationHistogram
    from clew.traces._tracer import ClewTracer

_logger = logging.getLogger(__name__)
UNSET = Status(StatusCode.UNSET)
# Values of these types are immutable and valid as they are.
_PLAIN = frozenset((str, int, float, bool))


def own_attributes(
    given: Mapping[str, Any] | None, most: int | None, length: int | None
) -> tuple[dict[str, Any], int]:
    """A dict of its own for `given`, cleaned as the SDK cleans, and how many were dropped."""
    if not given:
        return {}, 0
    if length is None and (most is None or len(given) <= most):
        for key, value in given.items():
            if type(value) not in _PLAIN or type(key) is not str or not key:
                break
        else:
            return dict(given), 0
    bounded = BoundedAttributes(most, given, immutable=False, max_value_len=length)
    return dict(bounded), bounded.dropped


class ClewSpan(trace_api.Span, sdk_trace.ReadableSpan):
    """A span that is being recorded, or has ended and awaits the export thread."""

    __slots__ = (
        "_attributes",
        "_context",
        "_end_time",
        "_histogram",
        "_kind",
        "_measured",
        "_name",
        "_parent",
        "_shared",
        "_start_time",
        "_tracer",
    )

    # Narrower than ReadableSpan declares them.
    _attributes: dict[str, Any]  # type: ignore[assignment]
    _context: SpanContext
    _start_time: int
    _measured: tuple[Any, ...]

    # What most spans never change costs them nothing: not even a slot to fill.
    _status: Status = UNSET
    _events: Sequence[Any] = ()
    _links: Sequence[Link] = ()
    _dropped_attributes = 0
    _dropped_events = 0
    _dropped_links = 0
    _record_exception = True
    _set_status_on_exception = True

    def __init__(
        self,
        tracer: ClewTracer,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: dict[str, Any],
        start_time: int,
        shared: Shared | None = None,
    ) -> None:
        """Start. `attributes` becomes the span's own, and begins with those of `shared`;
        `start_time` is ns since the epoch."""
        self._tracer = tracer
        self._name = name
        self._context = context
        self._parent = parent
        self._kind = kind
        self._attributes = attributes
        self._shared = shared
        self._start_time = start_time
        self._end_time: int | None = None
        # Where the export thread shall measure this span, and by what (`_measured`).
        self._histogram: DurationHistogram | None = None

    # What all spans of a tracer share is the tracer's.
    @property
    def _resource(self) -> Any:  # type: ignore[override]
        return self._tracer.resource

    @property
    def _instrumentation_scope(self) -> Any:  # type: ignore[override]
        return self._tracer._instrumentation_scope

    @property
    def _instrumentation_info(self) -> Any:  # type: ignore[override]
        return self._tracer.instrumentation_info

    @property
    def _limits(self) -> Any:
        return self._tracer._span_limits

    @property
    def dropped_attributes(self) -> int:
        return self._dropped_attributes

    @property
    def dropped_events(self) -> int:
        return self._dropped_events

    @property
    def dropped_links(self) -> int:
        return self._dropped_links

    def get_span_context(self) -> SpanContext:
        return self._context

    def is_recording(self) -> bool:
        return self._end_time is None

    def _ended(self, call: str) -> bool:
        if self._end_time is None:
            return False
        _logger.warning("Calling %s() on an ended span has no effect.", call)
        return True

    def set_attribute(self, key: str, value: Any) -> None:
        if self._end_time is not None:
            self._ended("set_attribute")
            return
        limits = self._tracer._span_limits
        if (
            type(value) in _PLAIN
            and type(key) is str
            and key
            and limits.max_span_attribute_length is None
            and limits.max_span_attributes != 0
        ):
            self._put(key, value, limits.max_span_attributes)
        elif isinstance(key, str):
            self.set_attributes({key: value})
        else:  # as in the SDK, whose set_attributes takes such a key as text
            self._dropped_attributes += 1

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        if self._end_time is not None:
            self._ended("set_attributes")
            return
        limits = self._tracer._span_limits
        if limits.max_span_attributes == 0:
            self._dropped_attributes += len(attributes)
            return
        clean, dropped = own_attributes(attributes, None, limits.max_span_attribute_length)
        self._dropped_attributes += dropped
        for key, value in clean.items():
            self._put(key, value, limits.max_span_attributes)

    def _put(self, key: str, value: Any, most: int | None) -> None:
        mine = self._attributes
        if key in mine:
            self._shared = None
            del mine[key]  # as in the SDK, a key set again is the newest
        elif most is not None and len(mine) >= most:
            self._dropped_attributes += 1
            if not mine:  # no room at all
                return
            self._shared = None
            del mine[next(iter(mine))]
        mine[key] = value

    def add_event(
        self,
        name: str,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
    ) -> None:
        if self._ended("add_event"):
            return
        limits = self._limits
        event = sdk_trace.Event(
            name=name,
            attributes=BoundedAttributes(
                limits.max_event_attributes,
                attributes,  # type: ignore[arg-type]
                max_value_len=limits.max_attribute_length,
                immutable=True,
            ),
            timestamp=timestamp,
        )
        self._events, dropped = _appended(self._events, event, limits.max_events)
        self._dropped_events += dropped

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:
        if self._ended("add_link") or context is None:
            return
        # The specification keeps a link to an invalid context if it says something by itself.
        if not context.is_valid and not attributes and not context.trace_state:
            return
        limits = self._limits
        link = Link(
            context,
            BoundedAttributes(
                limits.max_link_attributes,
                attributes,  # type: ignore[arg-type]
                max_value_len=limits.max_attribute_length,
                immutable=True,
            ),
        )
        self._links, dropped = _appended(self._links, link, limits.max_links)
        self._dropped_links += dropped

    def update_name(self, name: str) -> None:
        if not self._ended("update_name"):
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        if self._ended("set_status"):
            return
        if isinstance(status, StatusCode):
            status = Status(status, description)
        elif not isinstance(status, Status):
            return
        elif description is not None:
            _logger.warning("Description %s ignored: it goes with a StatusCode.", description)
        # OK is final, and UNSET takes nothing back.
        if self._status.status_code is StatusCode.OK or status.status_code is StatusCode.UNSET:
            return
        self._status = status

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        found = {
            _names.EXCEPTION_TYPE: type_name(exception),
            _names.EXCEPTION_MESSAGE: str(exception),
            _names.EXCEPTION_STACKTRACE: "".join(
                traceback.format_exception(type(exception), exception, exception.__traceback__)
            ),
            _names.EXCEPTION_ESCAPED: str(escaped),
        }
        if attributes:
            found.update(attributes)
        self.add_event(_names.EXCEPTION_EVENT, found, timestamp)

    def end(self, end_time: int | None = None) -> None:
        if self._end_time is not None:
            self._ended("end")
            return
        self._tracer.finish(self, time_ns() if end_time is None else end_time)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_val is not None and self._end_time is None:
            if self._record_exception:
                self.record_exception(exc_val, escaped=True)
            if self._set_status_on_exception:
                message = f"{type(exc_val).__name__}: {exc_val}"
                self.set_status(Status(StatusCode.ERROR, message))
        super().__exit__(exc_type, exc_val, exc_tb)

    def _readable_span(self) -> sdk_trace.ReadableSpan:
        """An ordinary ReadableSpan of this moment, for span processors."""
        attributes = BoundedAttributes(None, self._attributes, immutable=True)
        attributes.dropped = self._dropped_attributes
        return sdk_trace.ReadableSpan(
            name=self._name,
            context=self._context,
            parent=self._parent,
            resource=self._resource,
            attributes=attributes,
            events=_bounded(self._events, self._dropped_events),
            links=_bounded(self._links, self._dropped_links),
            kind=self._kind,
            status=self._status,
            start_time=self._start_time,
            end_time=self._end_time,
            instrumentation_scope=self._instrumentation_scope,
        )


# So that `isinstance(span, opentelemetry.sdk.trace.Span)` holds, as third-party code may ask.
sdk_trace.Span.register(ClewSpan)


def type_name(exception: BaseException | type[BaseException]) -> str:
    """The exception's type as the SDK names it: with its module, unless that is builtins."""
    kind = exception if isinstance(exception, type) else type(exception)
    if kind.__module__ and kind.__module__ != "builtins":
        return f"{kind.__module__}.{kind.__qualname__}"
    return kind.__qualname__


def _bounded(items: Sequence[Any], dropped: int) -> BoundedList[Any]:
    copied = BoundedList.from_seq(None, items)
    copied.dropped = dropped
    return copied


def _appended(items: Sequence[Any], item: Any, most: int | None) -> tuple[Sequence[Any], int]:
    """`items` as a list with `item` at its end, at most `most` long; and how many fell out."""
    if most == 0:
        return items, 1
    kept = items if isinstance(items, list) else list(items)
    kept.append(item)
    if most is not None and len(kept) > most:
        del kept[0]  # as in the SDK, the oldest goes
        return kept, 1
    return kept, 0
