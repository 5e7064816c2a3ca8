"""A lane: in memory while all is well, on disk while the endpoint is away, live before backlog."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew._config import Endpoint
from clew.export._lane import Lane
from clew.export._parcel import Parcel
from clew.export._spool import Spool
from clew.export._tally import Tally

ENDPOINT = Endpoint("http://localhost:1/v1/traces", "http/protobuf", {}, 1.0, False)


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def lane(tmp_path: Path, tally: Tally) -> Lane:
    def dropped(reason: str, items: int) -> None:
        tally.dropped("traces", reason, items)

    spool = Spool(tmp_path, 10**9, 1e9, dropped)
    return Lane("traces", ENDPOINT, tally, spool, jitter=lambda: 1.0)


def next_body(lane: Lane, now: float) -> bytes | None:
    parcel = lane.first(now)
    return None if parcel is None else parcel.body


def test_a_failure_moves_all_to_disk(lane: Lane) -> None:
    """From the first failure on nothing that waits is in memory only."""
    lane.put(Parcel(b"one", 1))
    lane.put(Parcel(b"two", 1))
    lane.delayed(None, now=0.0)
    lane.put(Parcel(b"three", 1))
    assert not lane.live and lane.live_bytes == 0
    assert next_body(lane, 0.4) is None, "the pause has not passed"
    assert next_body(lane, 0.5) == b"one"


def test_pauses_double_up_to_a_limit(lane: Lane) -> None:
    """Each failure doubles the pause, to 5 s at most."""
    lane.put(Parcel(b"x", 1))
    pauses = []
    for _ in range(7):
        lane.delayed(None, now=0.0)
        pauses.append(lane.not_before)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


def test_the_endpoint_may_ask_for_a_pause(lane: Lane) -> None:
    """Retry-After is kept, to a minute at most."""
    lane.put(Parcel(b"x", 1))
    lane.delayed(17.0, now=100.0)
    assert lane.not_before == 117.0
    lane.delayed(86_400.0, now=100.0)
    assert lane.not_before == 160.0


def test_what_is_made_now_goes_before_the_backlog(lane: Lane, tally: Tally) -> None:
    """After an outage new telemetry is not held up; the backlog follows at a limited rate."""
    lane.put(Parcel(b"a" * 4_194_304, 1))
    lane.put(Parcel(b"old", 1))
    lane.delayed(None, now=0.0)
    big = lane.first(1.0)
    assert big is not None
    lane.delivered(big, 0, now=1.0)
    lane.put(Parcel(b"new", 1))
    assert next_body(lane, 1.0) == b"new"
    new = lane.first(1.0)
    assert new is not None
    lane.delivered(new, 0, now=1.0)
    assert next_body(lane, 1.5) is None, "4 MiB were drained: one second at the drain rate"
    assert next_body(lane, 2.0) == b"old"
    assert tally.sent_by_signal() == {"traces": 2}


def test_refused_and_rejected_are_counted(lane: Lane, tally: Tally) -> None:
    """A final refusal and a partial success are counted by reason; the rest as sent."""
    lane.put(Parcel(b"bad", 5))
    lane.put(Parcel(b"half", 10))
    bad = lane.first(0.0)
    assert bad is not None
    lane.refused(bad, "http_400")
    half = lane.first(0.0)
    assert half is not None
    lane.delivered(half, 4, now=0.0)
    assert tally.dropped_by_reason() == {("traces", "http_400"): 5, ("traces", "rejected"): 4}
    assert tally.sent_by_signal() == {"traces": 6}
    assert lane.due(0.0) is None


def test_without_a_spool_it_waits_in_memory(tally: Tally) -> None:
    """Where there is no disk the parcels wait, in order."""
    lane = Lane("traces", ENDPOINT, tally, jitter=lambda: 1.0)
    lane.put(Parcel(b"one", 1))
    lane.delayed(None, now=0.0)
    lane.put(Parcel(b"two", 1))
    assert lane.live_bytes == 6
    assert next_body(lane, 0.5) == b"one"
    lane.drop_oldest("outbox_full")
    assert next_body(lane, 0.5) == b"two"
    assert tally.dropped_by_reason() == {("traces", "outbox_full"): 1}
