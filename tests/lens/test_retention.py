"""What is too old or too much goes; the rest stays and is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clew_lens.otlp.intake import Intake
from clew_lens.otlp.signals import SIGNALS
from clew_lens.store import Writer
from clew_lens.store.retention import Retention
from tests.lens import otlp_json as otlp
from tests.lens.bench import SECOND, Bench


def fill(lens: Bench, count: int, ago: int, text: str = "x") -> None:
    """That many spans and log lines, `ago` seconds old."""
    time = lens.now - ago * SECOND
    spans = [
        otlp.span(
            f"{ago:016x}{i + 1:016x}",
            f"{i + 1:016x}",
            "x",
            start=time,
            attrs={"key": f"{text}{i}"},
        )
        for i in range(count)
    ]
    lens.send("/v1/traces", otlp.traces("users", *spans))
    lines = [otlp.log(f"{text}{i}", time=time, attrs={"key": f"{text}{i}"}) for i in range(count)]
    lens.send("/v1/logs", otlp.logs("users", *lines))


def test_what_is_too_old_goes(lens: Bench) -> None:
    """Spans, logs and their search tokens of before the age; nothing younger."""
    fill(lens, 10, ago=7200)
    fill(lens, 10, ago=60)
    Retention(lens.database, age=3600, size=1 << 40)(lens.database.connection())
    assert (lens.count("spans"), lens.count("logs")) == (10, 10)
    assert (lens.count("span_tokens"), lens.count("log_tokens")) == (10, 10)
    assert len(lens.get("/traces", attribute="key=x3")["traces"]) == 1


def test_nothing_old_nothing_done(lens: Bench) -> None:
    """A young store is left alone."""
    fill(lens, 5, ago=60)
    retention = Retention(lens.database, age=3600, size=1 << 40)
    retention(lens.database.connection())
    assert retention.deleted_before == 0 and lens.count("spans") == 5


def test_a_store_over_its_size_loses_the_oldest(lens: Bench) -> None:
    """A fifth at a time, oldest first."""
    for ago in range(10, 0, -1):
        fill(lens, 10, ago=ago)
    Retention(lens.database, age=1e9, size=0)(lens.database.connection())
    assert 0 < lens.count("spans") <= 80
    with lens.database.reader() as read:
        oldest = read.one("SELECT min(time) FROM spans")[0]
    assert oldest > lens.now - 10 * SECOND


@pytest.mark.long
def test_the_size_of_a_file_is_kept(tmp_path: Path) -> None:
    """However much comes in, what the file holds stays near the bound, and the latest is there."""
    lens = Bench(str(tmp_path / "lens.duckdb"))
    bound = 3 << 20
    retention = Retention(lens.database, age=1e9, size=bound)
    connection = lens.database.connection()
    used = []
    for ago in range(60, 0, -1):
        fill(lens, 400, ago=ago, text="some text that does not compress well " * 2)
        retention(connection)
        used.append(lens.database.bytes_used())
    assert retention.deleted_before > 0
    assert max(used[20:]) < 4 * bound
    with lens.database.reader() as read:
        assert read.one("SELECT max(time) FROM spans")[0] == lens.now - SECOND
    lens.close()


def test_a_stream_that_comes_back_is_known_again() -> None:
    """What retention took with its last point is written again with its next."""
    lens = Bench()
    retention = Retention(lens.database, age=0, size=1 << 40)
    once = iter([True])
    writer = Writer(
        lens.database,
        interval=0.0,
        every=lambda connection: next(once, False) and retention(connection),
        every_seconds=0.0,
    )
    writer.start()
    intake = Intake(writer)
    metric = {"name": "depth", "gauge": {"dataPoints": [otlp.number_point(lens.now, 1.0)]}}
    body = json.dumps(otlp.metrics("users", metric)).encode()
    for _ in range(2):
        intake.take(SIGNALS[2], body, as_json=True)
        assert writer.flush()
    assert retention.deleted_before > 0
    assert [one["name"] for one in lens.get("/metrics")["metrics"]] == ["depth"]
    writer.stop()
    lens.close()


def test_an_empty_store_is_fine(lens: Bench) -> None:
    """Nothing to delete is no error."""
    Retention(lens.database, age=0, size=0)(lens.database.connection())
