"""`clew follow ID`: one request, everywhere it left a trace, on one timeline."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from clew._exceptions import ConfigurationError
from clew.cli import _follow_target, _follow_watch, _terminal
from clew.cli._duration import duration, spoken
from clew.cli._follow_explain import Explanation, explain
from clew.cli._follow_gather import Found, gather
from clew.cli._follow_html import as_html
from clew.cli._follow_json import as_json
from clew.cli._follow_render import render
from clew.cli._follow_style import Style
from clew.cli._follow_target import Target
from clew.readers import CorrelationId, InvalidId, Reader, Window, reader_from_environ

FOUND, NOT_FOUND, BAD_INPUT, UNAVAILABLE = range(4)
"""Exit codes. UNAVAILABLE comes before FOUND: what was printed may lack a part."""

_LOOK_AGAIN_S = 1.0


@click.command()
@click.argument("what", metavar="ID", nargs=-1, required=True)
@click.option(
    "--since", callback=duration, default="24h", show_default=True, help="How far back to look."
)
@click.option("--wait", callback=duration, help="Keep looking this long, until found.")
@click.option("--watch", is_flag=True, help="Show more as it arrives, until Ctrl-C.")
@click.option("--stack", is_flag=True, help="Show whole stack traces.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write a page of its own, to attach to a ticket.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
def follow(
    what: tuple[str, ...],
    since: float,
    wait: float | None,
    watch: bool,
    stack: bool,
    page: Path | None,
    json_wanted: bool,
) -> None:
    """Show why a request failed or was slow, and everything it left behind, on one timeline.

    ID is a correlation id, a trace id, a header as it stands in a ticket ("X-Correlation-ID:
    order-7", "traceparent: 00-..."), a link to a trace, or a log line.

    Exit codes: 0 found, 1 not found, 2 bad input, 3 a store did not answer (what the others gave
    is printed).
    """
    if watch and (json_wanted or page or wait):
        raise click.UsageError("--watch goes with none of --wait, --html and --json.")
    try:
        own = os.environ.get("CLEW_CORRELATION_HEADERS", "").split(",")
        target = _follow_target.parse(" ".join(what), [name.strip() for name in own])
        reader = reader_from_environ(os.environ)
    except InvalidId as error:
        raise click.UsageError(f"That is not an id: {error}.") from error
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    if watch:
        _watch(reader, target, since, stack)
        return
    found = look(reader, target, since, wait or 0.0, time.time_ns, time.sleep)
    why = explain(reader, found)
    if page is not None and found.anything:
        write(page, as_html(found, why))
    if json_wanted:
        click.echo(as_json(found, why))
    elif found.anything:
        click.echo(render(found, _terminal.style(stack), why))
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
        size = _follow_watch.size(found)
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
        f"Nothing found for the {' or '.join(dict.fromkeys(kinds))} {target.ids[0].value}.\n"
        f"Looked back {spoken(since_s)}, in\n{looked}\n"
        "Try --since 7d if it is older, --wait 30s if it happened just now, or check that the\n"
        "services send their telemetry to these stores: clew doctor."
    )


def _watch(reader: Reader, target: Target, since_s: float, stack: bool) -> None:
    """Draw what there is whenever there is more; what was drawn last stays."""
    last = ""
    try:
        with _terminal.live() as draw:
            for found in _follow_watch.looks(reader, target, since_s, time.time_ns, time.sleep):
                last = watched_text(found, explain(reader, found), target, _terminal.style(stack))
                draw(last)
    except KeyboardInterrupt:
        if sys.stdout.isatty():
            click.echo(last)
        sys.exit(FOUND)


def watched_text(found: Found, why: Sequence[Explanation], target: Target, style: Style) -> str:
    """One picture of a request that still runs."""
    if not found.anything:
        lines = [f"waiting for {target.ids[0].value}"]
    else:
        lines = [render(found, style, why)]
    open_spans = _follow_watch.unfinished(found)
    if open_spans:
        spans = "1 span" if open_spans == 1 else f"{open_spans} spans"
        lines += ["", f"{spans} above these: not ended, or not arrived"]
    return "\n".join([*lines, *found.problems, style.dim("watching; Ctrl-C ends it")])


def write(path: Path, text: str) -> None:
    """Write the page. Raises UsageError where that can't be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} can't be written: {error.strerror}.") from error
    click.echo(f"written: {path}", err=True)
