"""The critical path of a trace."""

from __future__ import annotations

from typing import Any

from clew_lens.query.critical import critical_path


def span(span_id: str, parent: str, start_ms: int, end_ms: int) -> dict[str, Any]:
    """A span as the query makes it."""
    return {
        "span_id": span_id,
        "parent_id": parent,
        "time_us": start_ms * 1000,
        "duration_ms": end_ms - start_ms,
    }


def path(*spans: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Segments as (span, from, to) in milliseconds."""
    return [
        (part["span_id"], part["start_us"] // 1000, part["end_us"] // 1000)
        for part in critical_path(list(spans))
    ]


def test_a_lone_span_is_all_of_it() -> None:
    """Without children the time is the span's own."""
    assert path(span("a", "", 0, 10)) == [("a", 0, 10)]


def test_children_one_after_the_other() -> None:
    """Gaps between children are the parent's own time."""
    found = path(span("a", "", 0, 10), span("b", "a", 1, 4), span("c", "a", 5, 9))
    assert found == [("a", 0, 1), ("b", 1, 4), ("a", 4, 5), ("c", 5, 9), ("a", 9, 10)]


def test_of_two_at_once_the_one_that_ends_last_counts() -> None:
    """What finished earlier was not waited for."""
    found = path(span("a", "", 0, 10), span("fast", "a", 1, 5), span("slow", "a", 1, 9))
    assert found == [("a", 0, 1), ("slow", 1, 9), ("a", 9, 10)]


def test_a_child_that_outlives_its_parent_is_left_out() -> None:
    """Work that goes on afterwards was not waited for."""
    assert path(span("a", "", 0, 10), span("later", "a", 8, 30)) == [("a", 0, 10)]


def test_the_path_covers_the_root_exactly() -> None:
    """Segments are in order, do not overlap, and add up to the root's duration."""
    found = path(
        span("a", "", 0, 100), span("b", "a", 10, 60), span("c", "b", 20, 50),
        span("d", "a", 30, 90), span("e", "d", 40, 80),
    )  # fmt: skip
    assert sum(end - start for _, start, end in found) == 100
    assert all(one[2] == two[1] for one, two in zip(found, found[1:], strict=False))


def test_no_spans_no_path() -> None:
    """Nothing comes of nothing."""
    assert path() == []
