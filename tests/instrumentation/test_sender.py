"""The sending thread's work, turn by turn: a scripted clock, and transports that answer by script."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import pytest

from clew._config import Endpoint
from clew.export._answer import Answer
from clew.export._parcel import Parcel
from clew.export._sender import Sender
from clew.export._tally import Tally
from tests.e2e.wait import wait_until

OK = Answer()
AWAY = Answer(reason="unreachable", detail="refused", retry=True)
REFUSED = Answer(reason="http_400", detail="HTTP 400")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Script:
    """A transport that gives these answers, and then the last one for ever."""

    def __init__(self, answers: Iterable[Answer | Exception]) -> None:
        self._answers = list(answers)
        self.sent: list[bytes] = []
        self.timeouts: list[float] = []
        self.closed = False

    def send(self, body: bytes, timeout: float) -> Answer:
        self.sent.append(body)
        self.timeouts.append(timeout)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


class Turns:
    """A sender whose thread is not started: `turn` does what it would do next."""

    def __init__(self, limit: int = 1_000, **answers: Iterable[Answer | Exception]) -> None:
        self.clock = Clock()
        self.tally = Tally()
        endpoints = {
            signal: Endpoint(f"http://{signal}.example", "http/protobuf", {}, 10.0, False)
            for signal in answers
        }
        self.sender = Sender(endpoints, self.tally, limit=limit, clock=self.clock)
        self.lanes = self.sender._lanes
        self.transports: dict[str, Any] = {}
        for signal, lane in self.lanes.items():
            lane.jitter = lambda: 1.0
            lane.transport = self.transports[signal] = Script(answers[signal])

    def put(self, signal: str, *bodies: bytes) -> None:
        for body in bodies:
            self.sender.put(signal, Parcel(body, len(body)))

    def turn(self) -> float | None:
        """One attempt, and then the seconds until the next; None where nothing waits."""
        lane, parcel, wait = self.sender._next()
        if lane is not None and parcel is not None:
            self.sender._attempt(lane, parcel)
            lane, parcel, wait = self.sender._next()
            return 0.0 if lane is not None else wait
        return wait


def test_in_order() -> None:
    """Parcels of one signal arrive in the order in which they were made."""
    turns = Turns(traces=[OK])
    turns.put("traces", b"a", b"bb", b"ccc")
    while turns.turn() is not None:
        pass
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


def test_outbox_is_bounded() -> None:
    """Beyond the limit the oldest of the fullest signal go first, and are counted."""
    turns = Turns(limit=10, traces=[AWAY], logs=[AWAY])
    turns.put("logs", b"xx")
    turns.put("traces", b"aaaa", b"bbbb", b"cccc")
    assert turns.sender.queued_bytes == 10
    assert [parcel.body for parcel in turns.lanes["traces"].live] == [b"bbbb", b"cccc"]
    assert turns.tally.dropped_by_reason() == {("traces", "outbox_full"): 4}


def test_parcel_larger_than_the_outbox() -> None:
    """A parcel that is alone too large is dropped, and the rest lives."""
    turns = Turns(limit=10, traces=[OK], logs=[OK])
    turns.put("logs", b"b")
    turns.put("traces", b"a" * 11)
    assert turns.tally.dropped_by_reason() == {("traces", "outbox_full"): 11}
    assert turns.sender.queued_bytes == 1


def test_dropped_while_on_its_way_is_not_counted_twice() -> None:
    """A parcel that lost its place while it was being sent counts once."""
    turns = Turns(limit=10, traces=[OK])
    turns.put("traces", b"aaaaaa")
    lane, parcel, _ = turns.sender._next()
    turns.put("traces", b"bbbbbb")
    assert lane is not None
    assert parcel is not None
    turns.sender._attempt(lane, parcel)
    dropped = sum(turns.tally.dropped_by_reason().values())
    assert dropped + sum(turns.tally.sent_by_signal().values()) == 6
    assert [one.body for one in lane.live] == [b"bbbbbb"]


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


def test_end_sends_what_waits() -> None:
    """At the end what waits is sent, whatever pause it was in."""
    turns = Turns(traces=[AWAY, OK])
    turns.put("traces", b"a", b"b")
    turns.turn()
    turns.sender.start()
    turns.sender.stop(turns.clock.now + 20)
    assert turns.transports["traces"].sent == [b"a", b"a", b"b"]
    assert turns.transports["traces"].closed
    assert turns.tally.sent_by_signal() == {"traces": 2}


def test_end_gives_up_an_endpoint_that_is_away() -> None:
    """At the end an endpoint that is away is tried once; what is left is counted."""
    turns = Turns(traces=[AWAY], logs=[OK])
    turns.put("traces", b"a", b"b")
    turns.put("logs", b"c")
    turns.sender.start()
    turns.sender.stop(turns.clock.now + 20)
    assert turns.tally.dropped_by_reason() == {("traces", "shutdown"): 2}
    assert turns.tally.sent_by_signal() == {"logs": 1}


def test_end_past_its_deadline() -> None:
    """With no time left nothing is tried, and what waited is counted."""
    turns = Turns(traces=[OK])
    turns.put("traces", b"a")
    turns.sender.stop(turns.clock.now)
    assert turns.transports["traces"].sent == []
    assert turns.tally.dropped_by_reason() == {("traces", "shutdown"): 1}


def test_last_attempts_are_short() -> None:
    """At the end an attempt may take no longer than there is time left."""
    turns = Turns(traces=[OK])
    turns.put("traces", b"a")
    turns.turn()
    turns.sender._stop_at = turns.clock.now + 3
    turns.put("traces", b"b")
    turns.turn()
    assert turns.transports["traces"].timeouts == [10.0, 3.0]


def test_flush() -> None:
    """`flush` waits until nothing waits; with a dead endpoint it gives up at its deadline."""
    turns = Turns(traces=[OK])
    turns.put("traces", b"a")
    turns.sender.start()
    assert turns.sender.flush(turns.clock.now + 20)
    assert turns.tally.sent_by_signal() == {"traces": 1}
    away = Turns(traces=[AWAY])
    away.put("traces", b"a")
    away.sender.start()
    wait_until(lambda: away.transports["traces"].sent, "the first attempt")
    assert not away.sender.flush(away.clock.now)
    for sender in (turns.sender, away.sender):
        sender.stop(turns.clock.now)
