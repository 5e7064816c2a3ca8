"""`clew follow --watch`: more of a request as it arrives."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from click.testing import CliRunner

from clew.cli import main
from clew.cli._follow_explain import explain
from clew.cli._follow_style import Style
from clew.cli._follow_target import parse
from clew.cli._follow_watch import looks, unfinished
from clew.cli.follow import watched_text
from tests.readers.memory import ASKING, CALL, ENTRY, LOOKUP, MOMENT, MemoryReader


def test_it_shows_each_growth_and_no_more() -> None:
    """Nothing is drawn while nothing changes."""
    reader, pauses = MemoryReader(), 0

    def pause(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 2:
            reader.spans = (LOOKUP,)
        if pauses == 5:
            reader.spans, reader.lines = (LOOKUP, CALL, ENTRY), (ASKING,)

    shown = looks(reader, parse("order-7"), 3600, lambda: MOMENT + 10**9, pause)
    sizes = [sum(len(trace.spans) for trace in found.traces) for found in islice(shown, 3)]
    assert (sizes, pauses) == ([0, 1, 3], 5)


def test_a_span_that_has_not_ended_is_known_by_its_children() -> None:
    """It is sent at its end: until then only those beneath it are there."""
    reader = MemoryReader(spans=(LOOKUP,))
    found = next(looks(reader, parse("order-7"), 3600, lambda: MOMENT + 10**9, lambda _: None))
    assert unfinished(found) == 1
    text = watched_text(found, explain(reader, found), parse("order-7"), Style())
    assert "users  GET /users/{user_id}" in text
    assert "1 span above these: not ended" in text
    whole = replace(found, traces=(replace(found.traces[0], spans=(ENTRY, CALL, LOOKUP)),))
    assert unfinished(whole) == 0


def test_before_anything_is_there_it_waits() -> None:
    """And says for what."""
    reader = MemoryReader()
    found = next(looks(reader, parse("order-7"), 3600, lambda: MOMENT, lambda _: None))
    assert watched_text(found, (), parse("order-7"), Style()).startswith("waiting for order-7\n")


def test_it_goes_with_no_option_that_ends() -> None:
    """JSON and pages are of something whole."""
    for option in ("--json", "--html=x.html", "--wait=1s"):
        ended = CliRunner().invoke(main, ["follow", "--watch", option, "x"])
        assert ended.exit_code == 2
