"""Renderings: what the stores answered is on the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dashboards.render import _page
from dashboards.render._chart import Line, Span, chart
from dashboards.render._values import named, spelled


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.0512, "percentunit", "5.12 %"),
        (0.0123, "s", "12.3 ms"),
        (2.5, "s", "2.5 s"),
        (0, "s", "0 s"),
        (90, "s", "1.5 min"),
        (-7_200, "s", "-2 h"),
        (2_592_000, "s", "30 d"),
        (2_000_000, "bytes", "2 MB"),
        (12.34, "reqps", "12.3 /s"),
        (0, "short", "0"),
        (float("nan"), "s", "–"),
    ],
)
def test_a_value_is_spelled_in_its_unit(value: float, unit: str, expected: str) -> None:
    """As Grafana would, roughly."""
    assert spelled(value, unit) == expected


def test_a_legend_is_filled_in() -> None:
    """Labels that a series lacks leave nothing behind."""
    assert named({"a": "x"}, "{{a}} {{b}}") == "x"


def test_a_line_is_broken_where_nothing_was_heard() -> None:
    """Two samples ten minutes apart are two beginnings, not one slope."""
    line = Line("a", [(0, 1), (15, 1), (600, 1)])
    assert chart([line], [], Span(0, 600), "short", 300, 100).count("M") == 2


def test_a_page_has_each_panel_and_what_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A panel without data says so, one with data draws it, and the page says what it is."""
    board = Path(__file__).parents[2] / "dashboards/generated/clew-start.json"
    panels = json.loads(board.read_text())["panels"]

    def answer(query: Any, *_: Any) -> list[Any]:
        if query.panel == "Requests":
            return [{"metric": {"service_name": "a<b"}, "values": [[1, "2"], [2, "3"]]}]
        return []

    monkeypatch.setattr(_page, "answer", answer)
    variables: Mapping[str, str] = {}
    text, height = _page.page(board, {}, variables, 600)
    assert text.count("<section") == len(panels)
    assert text.count("no data") == len(panels) - 1
    assert "a&lt;b <b>3 /s</b>" in text
    assert "A rendering of dashboards/generated/clew-start.json" in text
    assert height > 600
