"""The command `clew follow`, run against recorded answers."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from clew.cli._follow_target import parse
from clew.cli.follow import follow, look
from tests.readers.fake_backend import FakeBackend
from tests.readers.memory import ASKING, ENTRY, LOOKUP, MOMENT, MemoryReader

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NOWHERE = "http://127.0.0.1:9"  # the discard service's port: nothing listens there


def run(*arguments: str, **addresses: str) -> Result:
    environ = {f"CLEW_{name.upper()}_URL": address for name, address in addresses.items()}
    environ.setdefault("CLEW_GRAFANA_URL", NOWHERE)
    return CliRunner().invoke(follow, list(arguments), env=environ)


def test_a_correlation_id_is_followed(backend: FakeBackend) -> None:
    """Spans, lines and the link of the request; exit code 0."""
    ended = run('order-"7" \\ {x}', jaeger=backend.address, loki=backend.address)
    assert ended.exit_code == 0, ended.output
    assert "1 trace, 3 spans, 3 log lines, 2 services" in ended.stdout
    assert "INFO users.app: found user 1" in ended.stdout
    assert "✗ RuntimeError: boom" in ended.stdout
    assert f"Jaeger: {backend.address}/trace/{TRACE}" in ended.stdout
    assert "\x1b" not in ended.stdout


def test_words_of_a_pasted_header_need_no_quotes(backend: FakeBackend) -> None:
    """Several arguments are one text."""
    ended = run(
        "traceparent:",
        f"00-{TRACE}-1111111111111111-01",
        jaeger=backend.address,
        loki=backend.address,
    )
    assert ended.exit_code == 0, ended.output
    assert f"trace id {TRACE}" in ended.stdout


def test_json_is_for_programs(backend: FakeBackend) -> None:
    """All that was found, as one object; durations in seconds."""
    ended = run("--json", TRACE, jaeger=backend.address, loki=backend.address)
    found = json.loads(ended.stdout)
    assert (ended.exit_code, found["kind"], found["id"]) == (0, "trace_id", TRACE)
    [trace] = found["traces"]
    assert [span["duration_s"] for span in trace["spans"]] == [0.012, 0.008, 0.004]
    assert trace["log_lines"][0]["message"] == "asking users"
    assert trace["links"][0]["title"] == "Jaeger"
    assert trace["causes"][0]["service"] == "gateway"
    assert trace["causes"][0]["exception"]["message"] == "boom"
    assert (trace["made_good"], trace["slow"]) == (False, [])


def test_what_is_not_there_is_said(backend: FakeBackend) -> None:
    """Exit code 1; the message says where it looked and what to try."""
    backend.answer("/api/services", '{"data": []}')
    backend.answer("/loki/api/v1/query_range", '{"data": {"result": []}}')
    ended = run("order-8", jaeger=backend.address, loki=backend.address)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "Nothing found for the correlation id order-8" in ended.stderr
    assert f"Loki at {backend.address}" in ended.stderr
    assert "--since" in ended.stderr


@pytest.mark.parametrize(
    "arguments", [["naïve"], ["x" * 129], ["--since", "soon", "x"], ["--since", "0s", "x"], []]
)
def test_bad_input_is_refused(arguments: list[str]) -> None:
    """Exit code 2, before anything is asked."""
    assert run(*arguments).exit_code == 2


def test_a_bad_address_is_refused() -> None:
    """Exit code 2; the message names the variable."""
    ended = run("x", loki="loki")
    assert ended.exit_code == 2
    assert "CLEW_LOKI_URL" in ended.stderr


def test_one_store_down_does_not_hide_the_other(backend: FakeBackend) -> None:
    """Exit code 3; what the other store gave is printed."""
    ended = run(TRACE, jaeger=backend.address, loki=NOWHERE)
    assert ended.exit_code == 3
    assert "3 spans, 0 log lines" in ended.stdout
    assert "Loki did not answer" in ended.stderr

    ended = run('order-"7" \\ {x}', jaeger=NOWHERE, loki=backend.address)
    assert ended.exit_code == 3
    assert "0 spans, 3 log lines" in ended.stdout
    assert "set CLEW_JAEGER_URL" in ended.stderr


def test_all_stores_down() -> None:
    """Exit code 3, not 1: nobody could say whether it is there."""
    ended = run(TRACE, jaeger=NOWHERE, loki=NOWHERE)
    assert ended.exit_code == 3
    assert "Jaeger did not answer" in ended.stderr and "Loki did not answer" in ended.stderr


class Clock:
    """Time that passes only in pauses; telemetry arrives at moments of it."""

    def __init__(self, reader: MemoryReader) -> None:
        self.now_s = 0.0
        self.reader = reader

    def now_ns(self) -> int:
        return MOMENT + int(self.now_s * 1e9) + 10**9

    def pause(self, seconds: float) -> None:
        self.now_s += seconds
        if self.now_s >= 2:
            self.reader.spans = (ENTRY,)
        if self.now_s >= 3:
            self.reader.spans, self.reader.lines = (ENTRY, LOOKUP), (ASKING,)


def test_waiting_ends_when_no_more_arrives() -> None:
    """It looks again until something is found and stays the same, not until the deadline."""
    clock = Clock(MemoryReader())
    found = look(clock.reader, parse("order-7"), 3600, 30, clock.now_ns, clock.pause)
    assert [(len(trace.spans), len(trace.lines)) for trace in found.traces] == [(2, 1)]
    assert clock.now_s == 4


def test_waiting_has_an_end() -> None:
    """At the deadline it takes what there is: here, nothing."""
    clock = Clock(MemoryReader())
    assert not look(clock.reader, parse("order-8"), 3600, 5, clock.now_ns, clock.pause).anything
    assert clock.now_s == 5


def test_without_waiting_it_looks_once() -> None:
    """No pause where none was asked for."""
    clock = Clock(MemoryReader())
    assert not look(clock.reader, parse("order-7"), 3600, 0, clock.now_ns, clock.pause).anything
    assert clock.now_s == 0
