"""The sending thread when something ends: outages, room in memory, the process."""

from __future__ import annotations

from pathlib import Path

from clew.export._answer import Answer
from clew.export._parcel import Parcel
from clew.export._spool import Spool
from tests.e2e.wait import wait_until
from tests.instrumentation.turns import AWAY, OK, Script, Turns


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


def _with_backlog(turns: Turns, folder: Path, *bodies: bytes) -> Spool:
    """A spool of traces in which `bodies` wait."""
    spool = Spool(folder, 10**9, 1e9, lambda reason, items: None)
    for body in bodies:
        spool.append(Parcel(body, 1))
    turns.lanes["traces"].spool = spool
    return spool


def test_what_is_made_while_an_endpoint_hangs_is_on_disk(tmp_path: Path) -> None:
    """From a second without an answer on, whatever signal it is of, a kill can't take it."""
    turns = Turns(traces=[OK], logs=[OK])
    spool = _with_backlog(turns, tmp_path)
    live = turns.lanes["traces"].live

    class Hanging(Script):
        def send(self, body: bytes, timeout: float) -> Answer:
            turns.clock.now += 0.9
            turns.put("traces", b"soon")
            turns.clock.now += 0.2
            turns.put("traces", b"later")
            return OK

    turns.lanes["logs"].transport = Hanging([OK])
    turns.put("logs", b"on its way")
    turns.turn()
    assert [parcel.body for parcel in live] == [b"soon"]
    assert spool.size > 0
    turns.put("traces", b"after the answer")
    assert [parcel.body for parcel in live] == [b"soon", b"after the answer"]


def test_end_sends_what_is_on_disk(tmp_path: Path) -> None:
    """A process that nobody may follow hands its backlog over, in the time it has; live first."""
    turns = Turns(traces=[OK])
    spool = _with_backlog(turns, tmp_path, b"old", b"older")
    turns.put("traces", b"new")
    turns.sender.start()
    turns.sender.stop(turns.clock.now + 20)
    assert turns.transports["traces"].sent == [b"new", b"old", b"older"]
    assert spool.size == 0


def test_end_tries_a_backlog_once(tmp_path: Path) -> None:
    """An endpoint that was away already gets one short attempt; the backlog stays on disk."""
    turns = Turns(traces=[AWAY])
    spool = _with_backlog(turns, tmp_path, b"old", b"older")
    turns.turn()
    turns.sender.start()
    turns.sender.stop(turns.clock.now + 20)
    assert turns.transports["traces"].sent == [b"old", b"old"]
    assert turns.transports["traces"].timeouts == [10.0, 1.0]
    assert spool.size > 0
    assert turns.tally.dropped_by_reason() == {}


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


def test_flush_does_not_wait_for_what_comes_later() -> None:
    """In a process that never stops making telemetry a flush ends all the same."""
    turns = Turns(limit=1_000_000, traces=[OK])

    class Busy(Script):
        def send(self, body: bytes, timeout: float) -> Answer:
            turns.put("traces", b"another")
            return OK

    turns.put("traces", b"a")
    turns.lanes["traces"].transport = Busy([OK])
    turns.sender.start()
    assert turns.sender.flush(turns.clock.now + 20)
    turns.lanes["traces"].transport = Script([OK])
    turns.sender.stop(turns.clock.now + 20)


def test_flush() -> None:
    """`flush` waits until nothing waits; with a dead endpoint it gives up at its deadline."""
    turns = Turns(traces=[OK])
    turns.put("traces", b"a")
    turns.sender.start()
    assert turns.sender.flush(turns.clock.now + 20)
    assert turns.tally.sent_by_signal() == {"traces": 1}
    assert turns.sender.flush(turns.clock.now)  # nothing waits
    away = Turns(traces=[AWAY])
    away.put("traces", b"a")
    away.sender.start()
    wait_until(lambda: away.transports["traces"].sent, "the first attempt")
    assert not away.sender.flush(away.clock.now)
    for sender in (turns.sender, away.sender):
        sender.stop(turns.clock.now)
