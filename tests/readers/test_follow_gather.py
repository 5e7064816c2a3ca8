"""What `clew follow` asks, and what it makes of stores that are down."""

from __future__ import annotations

from dataclasses import replace

from clew.cli._follow_gather import MAX_TRACES, Found, gather
from clew.cli._follow_target import parse
from clew.readers import Window
from tests.readers.memory import (
    ASKING,
    CALL,
    ENTRY,
    FOUND_USER,
    LOOKUP,
    MOMENT,
    MS,
    TRACE,
    MemoryReader,
)

WINDOW = Window(MOMENT - 1000 * MS, MOMENT + 1000 * MS)
SPANS = (ENTRY, CALL, LOOKUP)


def find(reader: MemoryReader, text: str, window: Window = WINDOW) -> Found:
    return gather(reader, parse(text), window)


def test_a_correlation_id_leads_to_spans_and_lines() -> None:
    """One trace with its spans, lines in order of time, and links."""
    found = find(MemoryReader(SPANS, (FOUND_USER, ASKING)), "order-7")
    [trace] = found.traces
    assert (trace.trace_id, trace.spans, trace.lines) == (TRACE, SPANS, (ASKING, FOUND_USER))
    assert [link.title for link in trace.links] == ["Traces"]
    assert (found.loose_lines, found.problems) == ((), ())


def test_lines_of_the_trace_without_the_correlation_id_are_found() -> None:
    """Libraries may log inside the trace without the id; their lines belong to it, too."""
    plain = replace(ASKING, correlation_id="")
    [trace] = find(MemoryReader(SPANS, (plain, FOUND_USER)), "order-7").traces
    assert trace.lines == (plain, FOUND_USER)


def test_a_generated_correlation_id_is_found_though_it_looks_like_a_trace_id() -> None:
    """32 hex digits that are no known trace are then looked for as a correlation id."""
    spans = (replace(ENTRY, attributes={"correlation_id": "ab" * 16}),)
    found = find(MemoryReader(spans), "ab" * 16)
    assert [trace.spans for trace in found.traces] == [spans]


def test_an_old_trace_brings_its_lines() -> None:
    """Asked by trace id, lines are looked for around the trace, however far back it is."""
    later = Window(MOMENT + 10**15, MOMENT + 10**15 + 1)
    [trace] = find(MemoryReader(SPANS, (ASKING,)), TRACE, later).traces
    assert trace.lines == (ASKING,)


def test_log_lines_lead_to_the_trace_where_the_span_store_is_down() -> None:
    """Lines are shown under their trace's id, with the problem said once."""
    found = find(MemoryReader(SPANS, (ASKING,), frozenset({"traces"})), "order-7")
    assert [(trace.trace_id, trace.lines) for trace in found.traces] == [(TRACE, (ASKING,))]
    assert len(found.problems) == 1 and "CLEW_X_URL" in found.problems[0]


def test_spans_are_shown_where_the_log_store_is_down() -> None:
    """The span side doesn't need the log side; the dead store is asked only once."""
    reader = MemoryReader(SPANS, (ASKING,), frozenset({"logs"}))
    found = find(reader, "order-7")
    assert [trace.spans for trace in found.traces] == [SPANS]
    assert len(found.problems) == 1
    assert reader.asked.count("logs") == 1


def test_a_line_without_a_usable_trace_id_is_loose() -> None:
    """Lines outside of a trace, or with an id that can't be one, are not lost."""
    lines = (replace(ASKING, trace_id=""), replace(FOUND_USER, trace_id="0" * 32))
    found = find(MemoryReader((), lines), "order-7")
    assert found.loose_lines == lines
    assert found.anything


def test_too_many_traces_are_cut_and_said() -> None:
    """A client that reuses its id for all it does can't flood the terminal."""
    spans = tuple(replace(ENTRY, trace_id=f"{number:032x}") for number in range(1, 31))
    found = find(MemoryReader(spans), "order-7")
    assert len(found.traces) == MAX_TRACES
    assert found.notes == ("30 traces carry this id; only the first 20 are shown",)


def test_nothing_found_is_nothing() -> None:
    """No traces, no problems."""
    found = find(MemoryReader(), "order-8")
    assert not found.anything
    assert found == Found(parse("order-8").ids[0])
