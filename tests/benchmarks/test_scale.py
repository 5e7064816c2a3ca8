"""The scale benchmark's load is what clew sends, and each copy is another process's."""

from __future__ import annotations

import time

import pytest

from benchmarks.scale._payload import KINDS, Recorded, again, count, record


@pytest.fixture(scope="module")
def recorded() -> dict[str, Recorded]:
    return record(requests=3)


def test_each_signal_is_recorded(recorded: dict[str, Recorded]) -> None:
    """A request is two spans and its log lines; compressed it is smaller."""
    assert recorded["traces"].items == 6
    assert recorded["logs"].items >= 6
    assert recorded["metrics"].items > 0
    for each in recorded.values():
        assert 0 < each.gzip_bytes < each.plain_bytes


@pytest.mark.parametrize("signal", KINDS)
def test_a_copy_has_as_many_items_and_its_own_instance(
    signal: str, recorded: dict[str, Recorded]
) -> None:
    """Only ids, times and the instance differ from what was recorded."""
    message = KINDS[signal]()
    message.ParseFromString(again(recorded[signal], "copy-1"))
    assert count(signal, message) == recorded[signal].items
    assert b"copy-1" in message.SerializeToString()


def test_spans_of_one_trace_stay_together(recorded: dict[str, Recorded]) -> None:
    """New trace ids, and as many of them; times are now, durations as they were."""
    first, second = (KINDS["traces"](), KINDS["traces"]())
    first.CopyFrom(recorded["traces"].message)
    second.ParseFromString(again(recorded["traces"], "copy-2"))
    before = [s for r in first.resource_spans for q in r.scope_spans for s in q.spans]
    after = [s for r in second.resource_spans for q in r.scope_spans for s in q.spans]
    assert not {s.trace_id for s in before} & {s.trace_id for s in after}
    assert len({s.trace_id for s in after}) == 3
    assert [_lasted(s) for s in before] == [_lasted(s) for s in after]
    assert all(s.end_time_unix_nano <= time.time_ns() for s in after)


def _lasted(span: object) -> int:
    return span.end_time_unix_nano - span.start_time_unix_nano  # type: ignore[attr-defined,no-any-return]
