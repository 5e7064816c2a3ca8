"""What this process's standard output is, and a part of it that is drawn again and again."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from clew.cli._follow_style import Style

Draw = Callable[[str], None]
"""Shows a text in place of the one before."""


def style(stack: bool = False) -> Style:
    """What standard output can show. NO_COLOR: https://no-color.org."""
    terminal = sys.stdout.isatty()
    return Style(
        color=terminal and not os.environ.get("NO_COLOR"),
        unicode=(sys.stdout.encoding or "").lower().replace("-", "").startswith("utf"),
        width=shutil.get_terminal_size().columns if terminal else None,
        stack=stack,
    )


@contextmanager
def live() -> Iterator[Draw]:
    """A screen of its own while the block lasts, on a terminal; piped, one text after the other.

    With rich (the extra `clew[cli]`) the screen is left as it was found; without it, the text is
    drawn over from the top.
    """
    if not sys.stdout.isatty():
        yield lambda text: click.echo(text + "\n")
        return
    try:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text
    except ModuleNotFoundError:
        yield lambda text: click.echo(f"\x1b[H\x1b[2J{text}")
        return
    # Not redirected: what is drawn depends on what standard output really is.
    with Live(
        console=Console(),
        screen=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as screen:
        yield lambda text: screen.update(Text.from_ansi(text, no_wrap=True), refresh=True)
