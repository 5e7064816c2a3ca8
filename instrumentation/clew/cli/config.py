"""`clew config`: what clew was told, and by what."""

from __future__ import annotations

import json
import os
import sys

import click

from clew._exceptions import ConfigurationError
from clew.cli import _table, _terminal
from clew.cli._follow_style import clean
from clew.cli._settings_rows import DEFAULT, rows


@click.command()
@click.option("--set", "only_set", is_flag=True, help="Only what a variable has set.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
def config(only_set: bool, json_wanted: bool) -> None:
    """Show every setting, its value, and the variable that it comes from; secrets are masked.

    Exit codes: 0 all can be used, 2 a value is invalid (each is named).
    """
    try:
        found = rows(os.environ)
    except ConfigurationError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(2)
    shown = [one for one in found if not only_set or one.source != DEFAULT]
    if json_wanted:
        made = [{"name": one.name, "value": one.value, "source": one.source,
                 "variables": list(one.keys)} for one in shown]  # fmt: skip
        click.echo(json.dumps(made, indent=2))
        return
    style = _terminal.style()
    cells = [(one.name, clean(one.value, style.unicode) or "-", one.source) for one in shown]
    header, *lines = _table.rows(("setting", "value", "from"), cells, "<<<")
    click.echo(style.bold(header))
    for one, line in zip(shown, lines, strict=True):
        click.echo(style.dim(line) if one.source == DEFAULT else line)
