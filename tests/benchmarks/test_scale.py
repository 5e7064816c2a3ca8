"""The scale benchmark's load is what clew sends, and each copy is another process's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.scale._model import Costs, needs
from benchmarks.scale._payload import KINDS, Recorded, again, count, record
from benchmarks.scale._results import costs as costs_of
from benchmarks.scale._results import keep


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


def test_the_model_is_linear_beyond_one_instance() -> None:
    """Ten times the spans need ten times the cores and bytes; each hop is in it."""
    cpu = {("agent", "traces"): 6.0, ("gateway", "traces"): 12.0, ("gateway", "logs"): 3.0}
    each = {"traces": 100.0, "logs": 50.0, "metrics": 10.0}
    costs = Costs(cpu, each, each)
    small, large = needs(costs, 10_000), needs(costs, 100_000)
    # 10,000 spans at 6 s a million are 0.06 of a core, which is to be busy for 60 % of the time.
    assert small.cores["agent"] == pytest.approx(0.1)
    assert small.cores["gateway"] == pytest.approx(0.2 + 15_000 * 3e-6 / 0.6)
    assert large.cores["gateway"] == pytest.approx(10 * small.cores["gateway"])
    assert large.wire_mb_s == pytest.approx(10 * small.wire_mb_s)


def test_sampling_takes_the_place_of_the_plain_gateway(tmp_path: Path) -> None:
    """The model counts a gateway's traces once, and no variant that nobody runs."""
    file = tmp_path / "scale.json"
    keep("cpu", "gateway/traces", 5.0, file)
    keep("cpu", "gateway, no masking/traces", 3.0, file)
    keep("cpu", "gateway, tail sampling/traces", 9.0, file)
    keep("wire", "traces", 60.0, file)
    keep("disk", "traces", 200.0, file)
    assert costs_of(False, file).cpu_s == {("gateway", "traces"): 5.0}
    assert costs_of(True, file).cpu_s == {("gateway", "traces"): 9.0}
