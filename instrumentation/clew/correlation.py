"""The correlation id: read, checked, made, and carried to the next service.

It lives in the OpenTelemetry context, so it goes wherever the context goes: into tasks, threads
that copy the context, and through every propagator-aware instrumentation.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import baggage
from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.propagators import textmap

from clew import _ids, _names

MAX_LENGTH = 128
KEY = context_api.create_key("clew-correlation-id")
# Ids from callers that were not valid and were replaced, since the start of the process.
replaced = itertools.count()


def forget_parent() -> None:
    """After a fork: begin to count anew. What was before is the parent's to tell."""
    global replaced
    replaced = itertools.count()


def is_valid(value: str) -> bool:
    """True for 1 to 128 printable ASCII characters."""
    return 0 < len(value) <= MAX_LENGTH and value.isascii() and value.isprintable()


def new_id() -> str:
    """A fresh id: 32 hexadecimal digits from 128 random bits."""
    return _ids.hex_id()


def accept(value: str | None) -> str:
    """`value` if it is valid; else a new id. An invalid one, not an absent one, is counted."""
    if value:
        if is_valid(value):
            return value
        next(replaced)
    return new_id()


def get(context: Context | None = None) -> str | None:
    """The correlation id of `context` (default: the current one), or None outside any."""
    if context is None:
        context = context_api.get_current()
    value = context.get(KEY)
    return value if isinstance(value, str) else None


def with_id(value: str, context: Context | None = None) -> Context:
    """A context like `context` (default: the current one) whose correlation id is `value`."""
    return context_api.set_value(
        KEY, value, baggage.set_baggage(_names.CORRELATION_ID, value, context)
    )


@contextmanager
def bind(value: str | None = None) -> Iterator[str]:
    """Within this block the correlation id is `value`, or a new one where that is unusable.

    For work that no request started: a scheduled job, a script, a message without an id.
    """
    thread = accept(value)
    token = context_api.attach(with_id(thread))
    try:
        yield thread
    finally:
        context_api.detach(token)


class CorrelationPropagator(textmap.TextMapPropagator):
    """Carries the id in a header of its own, beside W3C Baggage.

    A context that already has an id keeps it, whatever arrives: the id is settled once, at the
    edge of the service.
    """

    def __init__(self, headers: Sequence[str]) -> None:
        """`headers` are read in this order; the first is the one that is written."""
        self._headers = tuple(header.lower() for header in headers)

    @property
    def fields(self) -> set[str]:
        return {self._headers[0]}

    def extract(
        self,
        carrier: textmap.CarrierT,
        context: Context | None = None,
        getter: textmap.Getter[textmap.CarrierT] = textmap.default_getter,
    ) -> Context:
        if context is None:
            context = context_api.get_current()
        settled = get(context)
        if settled is not None:
            return with_id(settled, context)
        for header in self._headers:
            values = getter.get(carrier, header)
            if values:
                return with_id(accept(values[0]), context)
        carried = baggage.get_baggage(_names.CORRELATION_ID, context)
        return with_id(accept(carried), context) if isinstance(carried, str) else context

    def inject(
        self,
        carrier: textmap.CarrierT,
        context: Context | None = None,
        setter: textmap.Setter[textmap.CarrierT] = textmap.default_setter,
    ) -> None:
        value = get(context)
        if value is not None:
            setter.set(carrier, self._headers[0], value)
