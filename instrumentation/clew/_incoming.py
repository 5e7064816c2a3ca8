"""From the headers of a request to the context that its span continues."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.baggage import _BAGGAGE_KEY
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    Span,
    SpanContext,
    TraceState,
)
from opentelemetry.trace.propagation import _SPAN_KEY

from clew import _ids, _names, correlation
from clew.traces._tracer import FLAGS

# W3C Trace Context, section 3.2. Another version, or anything odd, takes the slow path.
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_new = tuple.__new__
_NOTHING = Context()
_new_id = _ids.hex_id
Headers = Mapping[Any, Any]


class Carrier(Getter[Headers]):
    """How one kind of server keeps headers: `key` of a header's name, `text` of a kept value."""

    def __init__(self, key: Callable[[str], Any], text: Callable[[Any], str]) -> None:
        self.key = key
        self.text = text

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        value = carrier.get(self.key(key))
        return None if value is None else [self.text(value)]

    def keys(self, carrier: Headers) -> list[str]:
        return [str(key) for key in carrier]


def _latin(value: bytes) -> str:
    return value.decode("latin-1")


# ASGI: lower-case bytes. WSGI (PEP 3333): HTTP_UPPER_CASE.
ASGI = Carrier(lambda name: name.lower().encode("latin-1"), _latin)
WSGI = Carrier(lambda name: "HTTP_" + name.upper().replace("-", "_"), str)


class Stranger(NamedTuple):
    """What a caller said that is not trusted: its trace context and correlation id."""

    context: SpanContext | None
    thread: str | None


def by_hand(propagators: Sequence[str]) -> bool:
    """Whether clew does itself what the propagators of these names would: the default ones."""
    return set(propagators) == {"tracecontext", "baggage"}


class Incoming:
    """Reads parent, correlation id and baggage.

    For the default propagators it does by hand what they would do; for others, or where baggage
    comes along, it asks them.
    """

    def __init__(
        self,
        carrier: Carrier,
        propagator: TextMapPropagator,
        propagators: Sequence[str],
        correlation_headers: Sequence[str],
    ) -> None:
        """`propagators` are the names that `propagator` was made of."""
        self._carrier = carrier
        self._propagator = propagator
        self.by_hand = by_hand(propagators)
        self.correlation = tuple(carrier.key(name) for name in correlation_headers)
        self._baggage = carrier.key("baggage")
        self._traceparent = carrier.key("traceparent")
        self._tracestate = carrier.key("tracestate")

    def read(
        self, headers: Headers, current: Context
    ) -> tuple[SpanContext | None, str, dict[str, Any]]:
        """(parent, correlation id, values of the new context, which has no span yet).

        `current` is what the new context begins as: not empty where an in-process client or an
        outer middleware has set something.
        """
        if not self.by_hand or self._baggage in headers:
            return self._ask(headers, current)
        thread = self._thread(headers)
        line = headers.get(self._traceparent)
        parent = self._parent(self._carrier.text(line), headers) if line is not None else None
        values: dict[str, Any] = {
            correlation.KEY: thread,
            _BAGGAGE_KEY: {_names.CORRELATION_ID: thread},
        }
        if current:
            parent = parent or active_parent(current)
            values = {**current, **values}
        return parent, thread, values

    def read_stranger(
        self, headers: Headers, current: Context
    ) -> tuple[SpanContext | None, str, dict[str, Any], Stranger]:
        """The same for a caller that is not trusted, and what it sent, which is not continued."""
        sent, _, _ = self.read(headers, _NOTHING)
        claimed = next((v for name in self.correlation if (v := headers.get(name))), None)
        text = self._carrier.text(claimed) if claimed is not None else ""
        thread = correlation.new_id()
        values: dict[str, Any] = {
            **current,
            correlation.KEY: thread,
            _BAGGAGE_KEY: {_names.CORRELATION_ID: thread},
        }
        stranger = Stranger(sent, text if correlation.is_valid(text) else None)
        return active_parent(current), thread, values, stranger

    def _ask(
        self, headers: Headers, current: Context
    ) -> tuple[SpanContext | None, str, dict[str, Any]]:
        extracted = self._propagator.extract(headers, current, self._carrier)
        thread = correlation.get(extracted) or correlation.new_id()
        return active_parent(extracted), thread, dict(correlation.with_id(thread, extracted))

    def _thread(self, headers: Headers) -> str:
        for name in self.correlation:
            value = headers.get(name)
            if value is not None:
                return correlation.accept(self._carrier.text(value))
        return _new_id()

    def _parent(self, line: str, headers: Headers) -> SpanContext | None:
        match = _TRACEPARENT.fullmatch(line)
        if match is None:
            return active_parent(self._propagator.extract(headers, Context(), self._carrier))
        trace_id, span_id = int(match[1], 16), int(match[2], 16)
        if not trace_id or not span_id:
            return None
        state = headers.get(self._tracestate)
        return _new(
            SpanContext,
            (
                trace_id,
                span_id,
                True,
                FLAGS[int(match[3], 16) & 3],
                TraceState.from_header([self._carrier.text(state)])
                if state
                else DEFAULT_TRACE_STATE,
                True,
            ),
        )


def active_parent(context: Mapping[str, Any]) -> SpanContext | None:
    """The valid span context that `context` has as current; None where there is none."""
    span = context.get(_SPAN_KEY)
    found = span.get_span_context() if isinstance(span, Span) else None
    return found if found is not None and found.is_valid else None
