"""`clew run CMD…`: zero-code instrumentation of a Python program."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from clew._config import Settings
from clew._exceptions import ConfigurationError

# A folder whose `sitecustomize` the interpreter imports at its start, before the program.
SITE = Path(__file__).with_name("_site")


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with clew's start-up module first on the import path of Python programs."""
    rest = environ.get("PYTHONPATH", "")
    path = os.pathsep.join([str(SITE), rest]) if rest else str(SITE)
    return {**environ, "PYTHONPATH": path}


def command(words: Sequence[str], path: str | None = None) -> list[str]:
    """`words` with the program found: beside this interpreter first, then on PATH.

    Raises:
        click.ClickException: there is no such program.
    """
    program = words[0]
    if Path(program).name == program:  # a name, and no path
        beside = Path(sys.executable).with_name(program)
        if beside.exists():
            return [str(beside), *words[1:]]
    found = shutil.which(program, path=path)
    if found is None:
        raise click.ClickException(
            f"Program {program!r} was not found, neither beside {sys.executable} nor on PATH. "
            "Is it installed in this environment?"
        )
    return [found, *words[1:]]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="CMD...")
def run(words: tuple[str, ...]) -> None:
    """Run CMD with telemetry and without a change to its code.

    Example: clew run uvicorn users:app --port 8001

    Settings come from OTEL_* and CLEW_* variables (clew config shows them).

    Exit codes: those of CMD; 1 where CMD is not found, 2 where a setting is invalid.
    """
    try:
        Settings.from_environ(os.environ)
    except ConfigurationError as error:
        for problem in error.problems:
            click.echo(f"clew: {problem}", err=True)
        raise SystemExit(2) from None
    found = command(words)
    os.execve(found[0], found, environment(os.environ))
