"""From rounds to the table, and when a round is void."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from benchmarks.overhead._configurations import BY_NAME, CONFIGURATIONS, with_references
from benchmarks.overhead._load import Load, LoadFailed
from benchmarks.overhead._rounds import Measured, Slice
from benchmarks.overhead._sample import Sample
from benchmarks.overhead._summary import Spread, summary, voids
from benchmarks.overhead._table import rounds_table
from benchmarks.overhead._targets import from_rounds

LOAD = Load(requests=1_000, seconds=1.0, p50_us=100.0, p99_us=200.0, errors=0)
BARE = Sample("bare", 0, LOAD, cpu_us=100.0, resident_bytes=1, served=1_016)
ARRIVED = {"server_spans": 1_016, "server_durations": 1_016}
CLEW = dataclasses.replace(BARE, configuration="clew", cpu_us=120.0, arrived=ARRIVED)


def round_of(sample: Sample, number: int, cpu_us: float) -> Sample:
    return dataclasses.replace(sample, round=number, cpu_us=cpu_us)


def test_what_wrk_prints_is_read() -> None:
    """The last line is the result; what wrk prints before it is not."""
    line = '{"requests": 10, "seconds": 2.0, "p50_us": 1.5, "p99_us": 3, "errors": 1}'
    load = Load.parse(f"Running 2s test\n  1 threads\n\n{line}\n")
    assert (load.requests, load.rate, load.errors) == (10, 5.0, 1)


def test_without_a_result_the_load_failed() -> None:
    """The error shows what was printed instead."""
    with pytest.raises(LoadFailed, match="unable to connect"):
        Load.parse("unable to connect to 127.0.0.1")


def test_differences_are_within_a_round() -> None:
    """The machine may be slower in one round than in the next; the difference stays."""
    samples = [
        round_of(BARE, 0, 100.0), round_of(CLEW, 0, 120.0),
        round_of(BARE, 1, 200.0), round_of(CLEW, 1, 222.0),
    ]  # fmt: skip
    _, clew = summary([BY_NAME["bare"], BY_NAME["clew"]], samples)
    assert (clew.cpu_more_us.low, clew.cpu_more_us.median, clew.cpu_more_us.high) == (20, 21, 22)
    assert clew.cpu_floor_us == 20


def test_differences_are_within_a_pair_of_slices() -> None:
    """The slices of one round are pairs of their own."""
    samples = [
        dataclasses.replace(one, slice=number, cpu_us=cpu)
        for number, cpus in enumerate([(100.0, 120.0), (200.0, 230.0), (150.0, 161.0)])
        for one, cpu in zip((BARE, CLEW), cpus, strict=True)
    ]
    _, clew = summary([BY_NAME["bare"], BY_NAME["clew"]], samples)
    assert (clew.cpu_more_us.median, clew.cpu_ratio.median) == (20, 1.15)


def test_the_more_slices_the_surer_is_the_median() -> None:
    """The error shrinks with their number, and covers all of a few."""
    few, many = (Spread.of([1.0, 2.0, 3.0, 4.0] * times) for times in (1, 100))
    assert (few.error, many.error) == (1.5, 0.5)


@pytest.mark.parametrize("kind", ["server_spans", "server_durations"])
@pytest.mark.parametrize("off", [-1, 1])
def test_one_too_few_or_too_many_voids_the_round(kind: str, off: int) -> None:
    """Every request's span and measurement arrives once, or the round is void."""
    odd = dataclasses.replace(CLEW, arrived={**ARRIVED, kind: 1_016 + off})
    again = dataclasses.replace(odd, slice=1)  # of the same server: said once
    (sentence,) = voids([BY_NAME["bare"], BY_NAME["clew"]], [BARE, odd, again])
    assert f"{-off} {kind}" in sentence
    assert [row.configuration.name for row in summary(CONFIGURATIONS, [BARE, odd])] == ["bare"]


def test_others_losses_are_shown_and_void_nothing() -> None:
    """What another instrumentation loses stands in its line of the table."""
    arrived = {"server_spans": 508, "server_durations": 1_016}
    other = dataclasses.replace(CLEW, configuration="logfire", arrived=arrived)
    assert not voids(CONFIGURATIONS, [BARE, other])
    assert "server_spans 50.0%" in rounds_table(summary(CONFIGURATIONS, [BARE, other]))


def test_failed_requests_void_the_round() -> None:
    """A server that refuses is fast for the wrong reason."""
    failed = dataclasses.replace(BARE, load=dataclasses.replace(LOAD, errors=3))
    assert voids([BY_NAME["bare"]], [failed]) == ["bare, round 1: 3 requests failed"]


def test_a_missed_target_is_said() -> None:
    """CPU time and rate are held to their bounds."""
    slow = dataclasses.replace(CLEW, cpu_us=126.0)
    cpu, rate = from_rounds(summary(CONFIGURATIONS, [BARE, slow]))
    assert (cpu.met, rate.met) == (False, True)


def test_a_configuration_brings_its_reference() -> None:
    """Asked for one, its bare counterpart is measured, too."""
    assert [one.name for one in with_references(["flask, clew"])] == ["flask, bare", "flask, clew"]


def test_every_reference_does_the_same_without_telemetry() -> None:
    """A reference has no telemetry, or one kind of span less; the application is the same."""
    for one in CONFIGURATIONS:
        reference = BY_NAME[one.reference]
        assert reference.neighbour == one.neighbour
        less = set(one.expects) - set(reference.expects)
        assert reference.reference == reference.name or less == {"client_spans", "client_durations"}


def test_what_a_server_uses_at_rest_is_no_request_s() -> None:
    """CPU time between two slices is taken off by what the server uses when nothing is asked."""
    measured = Measured(BY_NAME["bare"], SimpleNamespace(served=1_000, arrived={}))
    measured.slices = [Slice(0, LOAD, before=0.0, ended=0.0, used=0.5, rested=10.0)]
    measured.rest = 0.01
    assert measured.samples(0)[0].cpu_us == pytest.approx(400.0)
    assert measured.samples(0)[0].rest_ms == pytest.approx(10.0)
