"""What arrives twice, as at-least-once delivery allows, is stored once."""

from __future__ import annotations

import pytest

from tests.backends import signals
from tests.backends.own_stack import OwnStack
from tests.e2e.wait import wait_until

pytestmark = pytest.mark.backends


def _stored(stack: OwnStack, request: signals.Request) -> tuple[int, int]:
    return len(signals.spans(stack, request)), len(signals.lines(stack, request))


def test_a_copy_leaves_no_trace(own_stack: OwnStack) -> None:
    """The same span and log line, sent three times: Jaeger and Loki have one each."""
    request = signals.Request()
    for _ in range(3):
        signals.send(own_stack, request)
    # What is sent later is stored later: when it is there, so are the copies.
    later = signals.Request(service=request.service)
    signals.send(own_stack, later)
    wait_until(lambda: _stored(own_stack, later) == (1, 1), "what was sent last")
    assert _stored(own_stack, request) == (1, 1)
