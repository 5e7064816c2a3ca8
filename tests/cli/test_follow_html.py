"""The page of `clew follow --html`: whole, by itself, and harmless."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from clew.cli import main
from clew.cli._follow_explain import explain
from clew.cli._follow_gather import Found, Trace
from clew.cli._follow_html import as_html
from clew.cli.follow import write
from clew.readers import CorrelationId, Link
from tests.readers.memory import ASKING, FAILED, TRACE, MemoryReader

HOSTILE = "<script>alert(1)</script>"
NOWHERE = "http://127.0.0.1:9"


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def page() -> str:
    links = (Link("Jaeger", 'http://jaeger/trace/"x"'),)
    lines = (replace(ASKING, message=HOSTILE), replace(ASKING, severity="ERROR"))
    spans = (replace(FAILED, attributes={**FAILED.attributes, "note": HOSTILE}),)
    found = Found(CorrelationId("order-7"), (Trace(TRACE, spans, lines, links),), (ASKING,))
    return as_html(found, explain(MemoryReader(), found))


def test_it_shows_what_the_terminal_shows() -> None:
    """The counts, the cause, the span, its exception with the stack, the line and the link."""
    text = page()
    for part in (
        "correlation id order-7: 1 trace, 1 span, 3 log lines, 1 service",
        "<b class=failed>cause</b> gateway  GET /fail  500",
        "RuntimeError: nobody handles this",
        "at shop/app.py:7 in fail",
        "asking users",
        'href="http://jaeger/trace/&quot;x&quot;"',
    ):
        assert part in text, part


def test_nothing_comes_from_elsewhere_and_nothing_runs() -> None:
    """No script, no address but the links; a policy in the page forbids both."""
    tags = Tags()
    tags.feed(page())
    assert {tag for tag, _ in tags.seen}.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert all("src" not in attrs for _, attrs in tags.seen)
    assert not any(name.startswith("on") for _, attrs in tags.seen for name in attrs)
    [policy] = [attrs["content"] for tag, attrs in tags.seen if "http-equiv" in attrs]
    assert policy and policy.startswith("default-src 'none'")
    assert not re.search(r"url\(|@import", page())


def test_what_services_wrote_is_text() -> None:
    """Markup in a log line or an attribute is shown, not obeyed."""
    assert HOSTILE not in page()
    assert page().count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Bad input, with the file and the reason."""
    with pytest.raises(click.UsageError, match="page.html can't be written: No such file"):
        write(tmp_path / "missing" / "page.html", page())


def test_where_nothing_is_found_nothing_is_written(tmp_path: Path) -> None:
    """An empty page in a ticket would look like an answer."""
    target = tmp_path / "page.html"
    stores = {"CLEW_JAEGER_URL": NOWHERE, "CLEW_LOKI_URL": NOWHERE}
    ended = CliRunner().invoke(main, ["follow", "--html", str(target), "x"], env=stores)
    assert ended.exit_code == 3
    assert not target.exists()
