"""How long messages wait, and how many: what alerts on queues are made of."""

from __future__ import annotations

import pytest

from demo_services.bus._depth import Depth
from demo_services.shared import messaging, names, telemetry


def test_a_message_tells_how_old_it_is() -> None:
    """From the header that the sender wrote; clocks that differ don't make it negative."""
    with messaging.sending("memory", "topic", "1", clock=lambda: 100.0) as headers:
        pass
    assert messaging.age(headers, clock=lambda: 103.5) == 3.5
    assert messaging.age(headers, clock=lambda: 99.0) == 0.0


@pytest.mark.parametrize("headers", [{}, {names.SENT_AT: "yesterday"}])
def test_a_message_of_another_sender_has_no_age(headers: dict[str, str]) -> None:
    """Nothing is told of it."""
    assert messaging.age(headers) is None


def test_the_depth_is_counted_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting costs a question to the broker; a busy consumer doesn't ask at each message."""
    told: list[tuple[str, int]] = []
    monkeypatch.setattr(telemetry, "queue_depth", lambda *each: told.append(each))
    time = iter([0.0, 0.0, 0.5, 0.9, 1.1])
    depth = Depth("q", clock=lambda: next(time))
    for count in (5, 6, 7, 8):
        depth.tell(lambda count=count: count)  # type: ignore[misc]
    assert told == [("q", 5), ("q", 8)]
