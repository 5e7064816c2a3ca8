"""Every command of the documentation is run, and prints what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, Command, blocks, pages
from tests.docs.shell import Shell

every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)


@pytest.mark.long
@every_page
def test_commands_do_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """A page's files are written and its commands typed, from top to bottom."""
    commands: list[Command] = []
    files = {block.title: block.body for block in blocks(page) if block.title}
    for block in blocks(page):
        if block.language == "console" and not block.reason:
            commands += block.commands()
    for command, said in zip(commands, Shell(tmp_path, files, commands).run(), strict=True):
        assert command.missing(said) is None, f"$ {command.line}\n{said}"


def test_what_is_not_run_says_why() -> None:
    """Blocks that only a person can type have their reason above them, and it is no empty word."""
    for page in pages():
        for block in blocks(page):
            assert not block.reason or len(block.reason) > 15, (page.name, block.body)


def test_a_wrong_output_is_found() -> None:
    """The comparison can fail, line by line and in order."""
    command = Command("x", ("a…b", "c"))
    assert command.missing("a 1 b\nother\nc\n") is None
    assert command.missing("c\na 1 b\n") == "c"
    assert command.missing("nothing\n") == "a…b"


def test_pages_use_consoles_for_what_is_typed() -> None:
    """A command in a block of another language would go untested."""
    for page in DOCS.glob("*.md"):
        assert not [block for block in blocks(page) if block.language in ("sh", "bash", "shell")]
