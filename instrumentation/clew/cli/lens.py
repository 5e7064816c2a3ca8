"""`clew lens`: everything in one process. The lens itself is the package clew-lens."""

from __future__ import annotations

import click


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]")
def lens(words: tuple[str, ...]) -> None:
    """Receive, keep and show traces, logs and metrics in one process, without backends.

    Options: clew lens --help. Needs the extra: pip install 'clew[lens]'.
    """
    try:
        from clew_lens.__main__ import main
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "clew_lens":
            raise
        raise click.ClickException(
            "The lens is not installed. Install it with: pip install 'clew[lens]'"
        ) from None
    raise SystemExit(main(list(words)))
