"""The sending thread's work, turn by turn: clock and answers are scripted."""

from __future__ import annotations

import logging

import pytest

from clew.export._answer import Answer
from tests.instrumentation.turns import AWAY, OK, REFUSED, Turns


def test_in_order() -> None:
    """Parcels of one signal arrive in the order in which they were made."""
    turns = Turns(traces=[OK])
    turns.put("traces", b"a", b"bb", b"ccc")
    for _ in range(3):
        turns.turn()
    assert turns.turn() is None
    assert turns.transports["traces"].sent == [b"a", b"bb", b"ccc"]
    assert turns.tally.sent_by_signal() == {"traces": 6}
    assert turns.sender.queued_bytes == 0


def test_pauses_double_up_to_a_limit() -> None:
    """While the endpoint is away, pauses are 0.5, 1, 2, 4 and then 5 seconds."""
    turns = Turns(traces=[AWAY])
    turns.put("traces", b"a")
    pauses = []
    for _ in range(6):
        pause = turns.turn()
        assert pause is not None
        pauses.append(round(pause, 6))
        turns.clock.now += pause
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert turns.transports["traces"].sent == [b"a"] * 6
    assert turns.tally.dropped_by_reason() == {}


def test_nothing_is_tried_before_its_time() -> None:
    """Within a pause there is no attempt, whatever is put in."""
    turns = Turns(traces=[AWAY])
    turns.put("traces", b"a")
    turns.turn()
    turns.clock.now += 0.49
    turns.put("traces", b"b")
    turns.turn()
    assert len(turns.transports["traces"].sent) == 1


@pytest.mark.parametrize(("asked", "paused"), [(7.0, 7.0), (0.0, 0.1), (86_400.0, 60.0)])
def test_retry_after(asked: float, paused: float) -> None:
    """The pause that an endpoint asks for is kept, up to a minute; none at all is not."""
    turns = Turns(traces=[Answer(reason="http_503", retry=True, retry_after=asked), OK])
    turns.put("traces", b"a")
    assert turns.turn() == pytest.approx(paused)
    turns.clock.now += paused
    turns.turn()
    assert turns.tally.sent_by_signal() == {"traces": 1}


def test_success_ends_the_pauses() -> None:
    """After a success the next failure pauses as briefly as the first."""
    turns = Turns(traces=[AWAY, AWAY, OK, AWAY])
    turns.put("traces", b"a", b"b")
    for pause in (0.5, 1.0, 0.0, 0.5):
        found = turns.turn()
        assert found == pytest.approx(pause)
        turns.clock.now += found or 0


def test_final_refusal_is_counted_and_not_repeated() -> None:
    """A request that was refused for good is dropped by its reason; the next one is sent."""
    turns = Turns(traces=[REFUSED, OK])
    turns.put("traces", b"aaa", b"b")
    turns.turn()
    turns.turn()
    assert turns.tally.dropped_by_reason() == {("traces", "http_400"): 3}
    assert turns.tally.sent_by_signal() == {"traces": 1}


def test_transport_that_raises_does_not_end_the_thread() -> None:
    """Whatever a transport raises, its parcel is dropped and counted, and work goes on."""
    turns = Turns(traces=[RuntimeError("bug"), OK])
    turns.put("traces", b"a", b"b")
    turns.turn()
    turns.turn()
    assert turns.tally.dropped_by_reason() == {("traces", "RuntimeError"): 1}
    assert turns.tally.sent_by_signal() == {"traces": 1}


def test_partial_success() -> None:
    """What an accepted request lost is counted as dropped, and never more than was in it."""
    turns = Turns(traces=[Answer(rejected=2), Answer(rejected=1_000_000)])
    turns.put("traces", b"aaaaa", b"bbb")
    turns.turn()
    turns.turn()
    assert turns.tally.sent_by_signal() == {"traces": 3}
    assert turns.tally.dropped_by_reason() == {("traces", "rejected"): 5}


def test_signals_do_not_wait_for_each_other() -> None:
    """While traces pause, logs are sent."""
    turns = Turns(traces=[AWAY], logs=[OK])
    turns.put("traces", b"a")
    turns.turn()
    turns.put("logs", b"b")
    turns.turn()
    assert turns.transports["logs"].sent == [b"b"]


def test_one_line_for_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    """An outage is one warning, its end another; refusals of one kind are one error."""
    turns = Turns(traces=[AWAY, AWAY, AWAY, OK, REFUSED])
    turns.put("traces", b"a", b"b", b"c")
    with caplog.at_level(logging.WARNING, "clew"):
        for _ in range(6):
            turns.turn()
            turns.clock.now += 60
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "ERROR"]
    told = caplog.text
    assert "http://traces.example" in told
    assert "refused" in told
