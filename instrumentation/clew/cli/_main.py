"""The group of commands; each lives in a file of its own."""

from __future__ import annotations

import click

from clew._version import __version__
from clew.cli.config import config
from clew.cli.doctor import doctor
from clew.cli.drill import drill
from clew.cli.follow import follow
from clew.cli.lens import lens
from clew.cli.run import run
from clew.cli.top import top


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clew")
def main() -> None:
    """One correlation id, followed through every trace, metric and log line."""


for _command in (run, follow, top, doctor, config, lens, drill):
    main.add_command(_command)
