"""`clew drill`: brings each alert's fault about, from a checkout of the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

_MODULE = Path("alerts", "drill", "__main__.py")
_PYTHONS = (Path(".venv", "bin", "python"), Path(".venv", "Scripts", "python.exe"))


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--checkout",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Where the project's checkout is; else this folder or one above it.",
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]")
def drill(checkout: Path | None, words: tuple[str, ...]) -> None:
    """See that each alert fires, reaches on-call and resolves; needs a checkout of clew.

    The drill runs the demo shop and the real backends, which the installed package does not bring:
    it is `python -m alerts.drill` of the checkout, whose options it takes (clew drill --help).
    --checkout DIR before them says where the checkout is.

    Exit codes: 0 every alert did, 1 one did not, 2 there is no checkout, or bad input.
    """
    start = (checkout or Path.cwd()).resolve()
    root = find(start)
    if root is None:
        click.echo(
            f"clew drill needs a checkout of the project, and neither {start} nor a folder above "
            f"it is one (it has {_MODULE.as_posix()}).\n"
            "Go to the checkout, or name it: clew drill --checkout DIR",
            err=True,
        )
        sys.exit(2)
    command = [str(python(root)), "-m", "alerts.drill", *words]
    try:
        sys.exit(subprocess.run(command, cwd=root, check=False).returncode)
    except KeyboardInterrupt:  # the drill has heard it, too, and has stopped what it had started
        sys.exit(130)


def find(folder: Path) -> Path | None:
    """The checkout that `folder` is in, or None."""
    return next((one for one in (folder, *folder.parents) if (one / _MODULE).is_file()), None)


def python(root: Path) -> Path:
    """The checkout's own Python, which has what the drill imports; else this one."""
    found = (root / one for one in _PYTHONS)
    return next((one for one in found if one.exists()), Path(sys.executable))
