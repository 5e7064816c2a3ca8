"""docs/cli.md shows what the commands print."""

from __future__ import annotations

import re

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from clew.cli import main
from tests.docs import cli_output


@pytest.mark.long
def test_the_document_shows_what_is_printed() -> None:
    """Every block, but for moments, measured delays and versions."""
    text = cli_output.DOCUMENT.read_text(encoding="utf-8")
    assert cli_output.settled(cli_output.renewed(text)) == cli_output.settled(text), (
        "run: python -m tests.docs.cli_output"
    )


def test_each_command_is_shown() -> None:
    """None is left out, and the exit codes of each are told by its --help."""
    text = cli_output.DOCUMENT.read_text(encoding="utf-8")
    for name in main.commands:
        assert re.search(rf"^## `clew {name}", text, re.MULTILINE), name
        if name not in ("lens", "drill"):  # their --help is the program's behind them
            shown = CliRunner().invoke(main, [name, "--help"]).output
            assert "Exit code" in shown, name


def test_commands_and_options_are_completed() -> None:
    """As the document says how to switch it on."""
    bash = BashComplete(main, {}, "clew", "_CLEW_COMPLETE")
    assert [one.value for one in bash.get_completions([], "fo")] == ["follow"]
    assert "--watch" in [one.value for one in bash.get_completions(["follow"], "--w")]
