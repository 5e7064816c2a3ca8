"""What the shop counts for itself. The one module, with `messaging`, that knows of telemetry.

clew sees requests and calls. It can't see what they mean: that a breaker opened, that an order was
cancelled. For that the OpenTelemetry API is there. It is the boundary which every instrumentation
shares, needs no set-up, and does nothing where no telemetry runs. The services call these functions
by what happened and stay free of meters and spans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from opentelemetry import metrics, trace

from demo_services.shared import names

_meter = metrics.get_meter("demo_services")
_retries = _meter.create_counter(names.RETRIES, "{retry}")
_breaker_state = _meter.create_gauge(names.BREAKER_STATE)
_transitions = _meter.create_counter(names.BREAKER_TRANSITIONS, "{transition}")
_rejections = _meter.create_counter(names.BREAKER_REJECTIONS, "{call}")
_degraded = _meter.create_counter(names.DEGRADED, "{answer}")
_limited = _meter.create_counter(names.RATE_LIMITED, "{request}")
_orders = _meter.create_counter(names.ORDERS, "{order}")
_compensations = _meter.create_counter(names.COMPENSATIONS, "{step}")
_unfinished = _meter.create_gauge(names.UNFINISHED, "{order}")
_outbox = _meter.create_gauge(names.OUTBOX, "{message}")
_messages = _meter.create_counter(names.MESSAGES, "{message}")
_depth = _meter.create_gauge(names.QUEUE_DEPTH, "{message}")
_age = _meter.create_gauge(names.QUEUE_AGE, "s")

BREAKER_STATES = {"closed": 0, "half-open": 1, "open": 2}


def retried(downstream: str, attempt: int, reason: str) -> None:
    """A call failed and is tried again; `attempt` is the one that failed, from 1."""
    _retries.add(1, {names.DOWNSTREAM: downstream})
    _event(
        names.EVENT_RETRY,
        {names.DOWNSTREAM: downstream, names.ATTEMPT: str(attempt), names.REASON: reason},
    )


def breaker_is(downstream: str, state: str) -> None:
    """A breaker is made, in that state."""
    _breaker_state.set(BREAKER_STATES[state], {names.DOWNSTREAM: downstream})


def breaker_changed(downstream: str, before: str, after: str) -> None:
    """A breaker went from one state to another: "closed", "half-open", "open"."""
    breaker_is(downstream, after)
    change = {
        names.DOWNSTREAM: downstream,
        names.BREAKER_FROM: before,
        names.BREAKER_TO: after,
    }
    _transitions.add(1, change)
    _event(names.EVENT_BREAKER, change)


def breaker_rejected(downstream: str) -> None:
    """A call was not tried."""
    _rejections.add(1, {names.DOWNSTREAM: downstream})
    _event(names.EVENT_REJECTED, {names.DOWNSTREAM: downstream})


def degraded(downstream: str, reason: str) -> None:
    """An answer was given without what `downstream` would have added."""
    _degraded.add(1, {names.DOWNSTREAM: downstream})
    _event(names.EVENT_DEGRADED, {names.DOWNSTREAM: downstream, names.REASON: reason})


def rate_limited() -> None:
    """A request was refused as one too many."""
    _limited.add(1)
    _event(names.EVENT_LIMITED, {})


def order_ended(outcome: str) -> None:
    """An order is "confirmed" or "cancelled", and stays so."""
    _orders.add(1, {names.OUTCOME: outcome})


def compensated(step: str, order: str) -> None:
    """A step of an order was taken back."""
    _compensations.add(1, {names.STEP: step})
    _event(names.EVENT_COMPENSATED, {names.STEP: step, names.ORDER: order})


def backlog(unfinished: int, outbox: int) -> None:
    """How much the orders service has yet to do."""
    _unfinished.set(unfinished)
    _outbox.set(outbox)


def message(queue: str, outcome: str) -> None:
    """A message was "handled", a "duplicate", "retried" or "parked"."""
    _messages.add(1, {names.QUEUE: queue, names.OUTCOME: outcome})
    if outcome == "parked":
        _event(names.EVENT_PARKED, {names.QUEUE: queue})


def queue_depth(queue: str, messages: int) -> None:
    """How many messages wait in a queue."""
    _depth.set(messages, {names.QUEUE: queue})


def queue_age(queue: str, seconds: float) -> None:
    """How long the message that is taken now has waited."""
    _age.set(seconds, {names.QUEUE: queue})


def watch_faults(levels: Callable[[], Mapping[str, float]]) -> None:
    """Show what somebody has switched on: `levels` by fault, 0 is off."""

    def observe(_options: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
        for fault, level in levels().items():
            yield metrics.Observation(level, {names.FAULT: fault})

    _meter.create_observable_gauge(names.FAULT_LEVEL, [observe])


def _event(name: str, attributes: Mapping[str, str]) -> None:
    trace.get_current_span().add_event(name, attributes)
