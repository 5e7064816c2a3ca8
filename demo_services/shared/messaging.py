"""The thread through a queue: context into headers, and out of them again.

One span for sending and one for each handling, by the messaging conventions
(https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/). A handling continues the
sender's trace, so that an order is one trace to its end, and has a link to the sending span, for a
message fans out to several queues.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, propagate, trace
from opentelemetry.trace import Link, SpanKind

import clew
from demo_services.shared import names

_tracer = trace.get_tracer("demo_services")


def carried() -> dict[str, str]:
    """Headers that carry the current trace and correlation id."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


@contextmanager
def continued(headers: Mapping[str, str]) -> Iterator[None]:
    """Within this block, go on where `carried` gave those headers."""
    token = context.attach(propagate.extract(headers))
    try:
        yield
    finally:
        context.detach(token)


@contextmanager
def sending(
    system: str, topic: str, message_id: str, clock: Callable[[], float] = time.time
) -> Iterator[dict[str, str]]:
    """The span of sending one message; gives the headers to send along."""
    attributes = {
        "messaging.system": system,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        "messaging.message.id": message_id,
    }
    with _tracer.start_as_current_span(
        f"send {topic}", kind=SpanKind.PRODUCER, attributes=attributes
    ):
        yield {**carried(), names.SENT_AT: f"{clock():.3f}"}


def age(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> float | None:
    """Seconds since a message was sent; None where its headers don't tell."""
    try:
        return max(0.0, clock() - float(headers[names.SENT_AT]))
    except (KeyError, ValueError):
        return None


@contextmanager
def handling(
    system: str, queue: str, message_id: str, headers: Mapping[str, str]
) -> Iterator[None]:
    """The span of handling one message. A message without a correlation id gets one here."""
    attributes = {
        "messaging.system": system,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": queue,
        "messaging.message.id": message_id,
    }
    with continued(headers), clew.bind_correlation_id(clew.correlation_id()):
        sender = trace.get_current_span().get_span_context()
        links = [Link(sender)] if sender.is_valid else []
        with _tracer.start_as_current_span(
            f"process {queue}", kind=SpanKind.CONSUMER, attributes=attributes, links=links
        ):
            yield
