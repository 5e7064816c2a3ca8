"""What a drained spool brings is taken: hours old, out of order, beside what is new."""

import dataclasses
import time

import pytest

from tests.backends import signals
from tests.backends.own_stack import OwnStack
from tests.backends.signals import Request, send

pytestmark = pytest.mark.backends
_HOUR = 3_600 * 10**9
_LATE = (0, 23, 5, 1, 12, 2, 20, 0)  # hours before now, in the order of sending


def _wait(what: object) -> None:
    assert callable(what)
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.2)


def test_lines_and_spans_up_to_a_day_old_are_stored(own_stack: OwnStack) -> None:
    """One service, in mixed order: each line is in Loki with its own time, each span in Jaeger."""
    first = Request()
    now = time.time_ns()
    sent = [
        dataclasses.replace(Request(), service=first.service, time=now + n - hours * _HOUR)
        for n, hours in enumerate(_LATE)
    ]
    for one in sent:
        send(own_stack, one)
    _wait(lambda: len(signals.line_times(own_stack, first.service)) == len(sent))
    assert signals.line_times(own_stack, first.service) == sorted(one.time for one in sent)
    for one in sent:
        _wait(lambda one=one: signals.spans_of_trace(own_stack, one.trace_id) == 1)


def test_samples_up_to_a_day_old_are_stored(own_stack: OwnStack) -> None:
    """A sample of a series that has newer ones already, found at its own time."""
    new = Request()
    old = dataclasses.replace(new, time=new.time - 20 * _HOUR)
    send(own_stack, new)
    _wait(lambda: signals.series(own_stack, new))
    send(own_stack, old)
    _wait(lambda: signals.sample_at(own_stack, old, old.time / 1e9 + 1) is not None)
    assert signals.sample_at(own_stack, old, old.time / 1e9 - 600) is None
