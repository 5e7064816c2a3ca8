"""How a timeline looks, on fixed data."""

from __future__ import annotations

from dataclasses import replace

import click

from clew.cli._follow_gather import Found, Trace
from clew.cli._follow_render import render
from clew.cli._follow_style import Style
from clew.cli._follow_tree import rows
from clew.readers import CorrelationId, Link, LogLine, Span
from tests.readers.memory import (
    ASKING,
    CALL,
    ENTRY,
    FAILED,
    FOUND_USER,
    LOOKUP,
    MOMENT,
    MS,
    STACK,
    TRACE,
)

ID = CorrelationId("order-7")
PLAIN = Style()


def page(spans: tuple[Span, ...], lines: tuple[LogLine, ...], style: Style = PLAIN) -> str:
    return render(Found(ID, (Trace(TRACE, spans, lines, ()),)), style)


def test_a_request_through_two_services() -> None:
    """Spans as a waterfall, lines at their time under their span, links at the end."""
    links = (Link("Jaeger", "http://localhost:16686/trace/x"),)
    trace = Trace(TRACE, (ENTRY, CALL, LOOKUP), (ASKING, FOUND_USER), links)
    assert render(Found(ID, (trace,)), Style()) == (
        "correlation id order-7: 1 trace, 3 spans, 2 log lines, 2 services\n"
        "\n"
        f"trace {TRACE}  2026-11-30 00:53:20.123 UTC  12.0 ms\n"
        "start ms │  took ms\n"
        "     0.0 │     12.0 │ ████████████████████████ │ gateway  GET /users/{user_id}  200\n"
        "     1.0 │          │   ·                      │   INFO gateway.app: asking users\n"
        "     2.0 │      8.0 │     ████████████████     │   gateway  GET  200  (client)\n"
        "     4.0 │      4.0 │         ████████         │     users  GET /users/{user_id}  200\n"
        "     5.0 │          │           ·              │       INFO users.app: found user 1\n"
        "Jaeger: http://localhost:16686/trace/x"
    )


def test_an_error_says_what_and_where() -> None:
    """Type and message of the exception, and the innermost frame, under the span."""
    text = page((FAILED,), ())
    assert "gateway  GET /fail  500" in text
    assert "✗ RuntimeError: nobody handles this\n" in text
    assert text.endswith("at shop/app.py:7 in fail")


def test_a_stack_trace_is_shown_whole_when_asked_for() -> None:
    """All lines of the stack trace stand below the error."""
    text = page((FAILED,), (), Style(stack=True))
    for line in STACK.splitlines():
        assert line in text


def test_an_exception_is_told_once() -> None:
    """The log line of an exception that its span has told of doesn't tell it again."""
    line = LogLine(
        MOMENT + 7 * MS,
        "gateway",
        "ERROR",
        "clew",
        "unhandled",
        TRACE,
        FAILED.span_id,
        "order-7",
        {"exception_type": "RuntimeError", "exception_message": "nobody handles this"},
    )
    assert page((FAILED,), (line,)).count("nobody handles this") == 1
    assert page((), (line,)).count("✗ RuntimeError: nobody handles this") == 1


def test_color_is_only_there_when_wanted() -> None:
    """Errors are red on a terminal; piped text holds no escape at all."""
    assert "\x1b[31m" in page((FAILED,), (), Style(color=True))
    assert "\x1b" not in page((FAILED,), ())


def test_color_changes_nothing_but_color() -> None:
    """Without its escapes the colored text is the plain text."""
    spans, lines = (ENTRY, CALL, LOOKUP, FAILED), (ASKING, FOUND_USER)
    assert click.unstyle(page(spans, lines, Style(color=True))) == page(spans, lines)


def test_what_services_wrote_cannot_command_the_terminal() -> None:
    """Escape sequences, line breaks and direction marks are shown, not obeyed."""
    line = replace(ASKING, message="a\x1b[2Jb\nc\u202ed")
    text = page((ENTRY,), (line,))
    assert "a\\x1b[2Jb\\nc\\u202ed" in text
    assert "\x1b" not in text


def test_plain_ascii_where_the_terminal_has_no_more() -> None:
    """Every sign has an ASCII stand-in, and foreign letters are escaped."""
    line = replace(ASKING, message="naïve ✓")
    text = page((ENTRY, FAILED), (line,), Style(unicode=False))
    assert text.isascii()
    assert "na\\xefve" in text


def test_long_lines_are_cut_to_the_width() -> None:
    """No line of the timeline is wider than the terminal."""
    line = replace(ASKING, message="x" * 500)
    text = page((ENTRY,), (line,), Style(width=100))
    assert max(map(len, text.splitlines())) == 100
    assert text.splitlines()[-1].endswith("…")


def test_a_narrow_terminal_keeps_room_for_words() -> None:
    """At 80 columns the bars shrink, and more than half of the line is text."""
    row = page((ENTRY,), (), Style(width=80)).splitlines()[4]
    assert row == "     0.0 │     12.0 │ ██████████ │ gateway  GET /users/{user_id}  200"


def test_a_status_is_not_said_twice() -> None:
    """A failed span whose only reason is its status code has that on its row already."""
    refused = replace(
        CALL, status="ERROR", attributes={"http.response.status_code": 404, "error.type": "404"}
    )
    assert "✗" not in page((refused,), ())
    assert (
        "✗ timeout\n" in page((replace(refused, attributes={"error.type": "timeout"}),), ()) + "\n"
    )
    assert "✗ no answer" in page((replace(refused, status_message="no answer"),), ())


def test_no_span_is_lost() -> None:
    """Spans that are their own ancestors, and spans with unknown parents, are all shown."""
    ring = (replace(ENTRY, parent_id=CALL.span_id), CALL)
    own = replace(LOOKUP, parent_id=LOOKUP.span_id)
    stray = replace(FAILED, parent_id="9" * 16)
    spans = (*ring, own, stray)
    shown = [row.item.span_id for row in rows(Trace(TRACE, spans, (), ()))]
    assert sorted(shown) == sorted(span.span_id for span in spans)


def test_a_deep_trace_is_walked() -> None:
    """A chain deeper than Python's recursion limit is no problem."""
    chain = tuple(
        replace(ENTRY, span_id=f"{number:016x}", parent_id=f"{number - 1:016x}")
        for number in range(1, 5000)
    )
    assert rows(Trace(TRACE, chain, (), ()))[-1].depth == 4998


def test_a_span_outside_of_the_trace_time_keeps_the_columns() -> None:
    """Clocks differ between machines; a bar never leaves its column."""
    early = replace(LOOKUP, start_ns=MOMENT - 50 * MS, end_ns=MOMENT - 40 * MS)
    for line in page((ENTRY, CALL, early), ()).splitlines()[4:]:
        assert len(line.split("│")[2]) == 26


def test_lines_outside_of_any_trace_come_last() -> None:
    """They are dated, and name their service."""
    found = Found(ID, (), (replace(ASKING, trace_id="", span_id=""),), notes=("cut",))
    assert render(found, Style()).splitlines()[2:] == [
        "log lines outside of any trace",
        "2026-11-30 00:53:20.124 UTC  gateway INFO gateway.app: asking users",
        "",
        "note: cut",
    ]


def test_another_correlation_id_in_the_trace_is_said() -> None:
    """Followed by another id, the headline of the trace names the correlation id."""
    other = CorrelationId("something-else")
    text = render(Found(other, (Trace(TRACE, (ENTRY,), (), ()),)), Style())
    assert "correlation id order-7" in text
