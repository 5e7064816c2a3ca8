"""`clew follow ID`: one request, everywhere it left a trace, on one timeline."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable

import click

from clew._exceptions import ConfigurationError
from clew.cli import _follow_target
from clew.cli._follow_gather import Found, gather
from clew.cli._follow_json import as_json
from clew.cli._follow_render import render
from clew.cli._follow_style import Style
from clew.cli._follow_target import Target
from clew.readers import CorrelationId, InvalidId, Reader, Window, reader_from_environ

FOUND, NOT_FOUND, BAD_INPUT, UNAVAILABLE = range(4)
"""Exit codes. UNAVAILABLE comes before FOUND: what was printed may lack a part."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LOOK_AGAIN_S = 1.0


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A number and a unit, such as 90s, 15m, 6h or 2d, in seconds."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,6})([smhd])", value)
    if not match or not int(match[1]):
        raise click.BadParameter(f"{value!r} is not a duration such as 90s, 15m, 6h or 2d")
    return float(int(match[1]) * _UNITS[match[2]])


@click.command()
@click.argument("what", metavar="ID", nargs=-1, required=True)
@click.option(
    "--since", callback=duration, default="24h", show_default=True, help="How far back to look."
)
@click.option("--wait", callback=duration, help="Keep looking this long, until found.")
@click.option("--stack", is_flag=True, help="Show whole stack traces.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
def follow(
    what: tuple[str, ...], since: float, wait: float | None, stack: bool, json_wanted: bool
) -> None:
    """Show everything that one request left behind, on one timeline.

    ID is a correlation id, a trace id, a traceparent, a header line such as
    "X-Correlation-ID: order-7", or a JSON log line.

    Exit codes: 0 found, 1 not found, 2 bad input, 3 a store did not answer (what the others gave
    is printed).
    """
    try:
        target = _follow_target.parse(" ".join(what))
        reader = reader_from_environ(os.environ)
    except InvalidId as error:
        raise click.UsageError(f"That is not an id: {error}.") from error
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    found = look(reader, target, since, wait or 0.0, time.time_ns, time.sleep)
    if json_wanted:
        click.echo(as_json(found))
    elif found.anything:
        click.echo(render(found, _style(stack)))
    for problem in found.problems:
        click.echo(problem, err=True)
    if not found.anything and not json_wanted:
        click.echo(not_found_text(target, reader, since), err=True)
    sys.exit(exit_code(found))


def look(
    reader: Reader,
    target: Target,
    since_s: float,
    wait_s: float,
    now_ns: Callable[[], int],
    pause: Callable[[float], None],
) -> Found:
    """Look once; or, with `wait_s`, until something is found and no more of it arrives."""
    deadline = now_ns() + int(wait_s * 1e9)
    before = None
    while True:
        found = gather(reader, target, Window.back_from(now_ns(), since_s))
        size = _size(found)
        if now_ns() >= deadline or (found.anything and size == before):
            return found
        before = size
        pause(_LOOK_AGAIN_S)


def exit_code(found: Found) -> int:
    """The exit code that tells scripts what happened."""
    if found.problems:
        return UNAVAILABLE
    return FOUND if found.anything else NOT_FOUND


def not_found_text(target: Target, reader: Reader, since_s: float) -> str:
    """What to say when nothing was found: where it looked, and what to try."""
    kinds = [
        "correlation id" if isinstance(one, CorrelationId) else "trace id" for one in target.ids
    ]
    looked = "\n".join(f"  {place}" for place in reader.places)
    return (
        f"Nothing found for the {' or '.join(kinds)} {target.ids[0].value}.\n"
        f"Looked back {_spoken(since_s)}, in\n{looked}\n"
        "Try --since 7d if it is older, --wait 30s if it happened just now, or check that the\n"
        "services send their telemetry to these stores (OTEL_EXPORTER_OTLP_ENDPOINT)."
    )


def _size(found: Found) -> tuple[int, ...]:
    return tuple(len(trace.spans) + len(trace.lines) for trace in found.traces)


def _spoken(seconds: float) -> str:
    unit = max((one for one in _UNITS if seconds % _UNITS[one] == 0), key=lambda one: _UNITS[one])
    return f"{seconds / _UNITS[unit]:g} {unit}"


def _style(stack: bool) -> Style:
    """What this process's standard output can show. NO_COLOR: https://no-color.org."""
    terminal = sys.stdout.isatty()
    return Style(
        color=terminal and not os.environ.get("NO_COLOR"),
        unicode=(sys.stdout.encoding or "").lower().replace("-", "").startswith("utf"),
        width=shutil.get_terminal_size().columns if terminal else None,
        stack=stack,
    )
