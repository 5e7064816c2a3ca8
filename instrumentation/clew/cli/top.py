"""`clew top`: the routes of all services, the busiest first, now."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import click

from clew._exceptions import ConfigurationError
from clew.cli import _table, _terminal
from clew.cli._duration import duration, spoken
from clew.cli._follow_style import Style, clean
from clew.readers import Reader, ReaderError, RouteStats, Window, reader_from_environ

SHOWN, NOTHING, BAD_INPUT, UNAVAILABLE = range(4)
"""Exit codes."""

_HEADER = ("service", "route", "req/s", "errors", "p50 ms", "p95 ms")
_ALIGN = "<<>>>>"
_SORTS = {
    "rate": lambda one: (-one.rate, one.service, one.name),
    "errors": lambda one: (-one.errors, -one.rate, one.service, one.name),
    "p95": lambda one: (-(one.p95_s or 0.0), one.service, one.name),
}


@click.command()
@click.option(
    "--over", callback=duration, default="5m", show_default=True, help="The last so long."
)
@click.option("--every", callback=duration, default="2s", show_default=True, help="Look again.")
@click.option("--service", default="", help="Only this service.")
@click.option(
    "--sort", type=click.Choice(list(_SORTS)), default="rate", show_default=True, help="By what."
)
@click.option("--once", is_flag=True, help="Print it once. So it is when piped.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON, once.")
def top(over: float, every: float, service: str, sort: str, once: bool, json_wanted: bool) -> None:
    """Show each route's rate, errors and latency, and go on until Ctrl-C.

    From the lens (CLEW_LENS_URL), which has every entry into a service; or from Prometheus, which
    has requests over HTTP, and latency as exact as the histogram's buckets.

    Exit codes: 0 shown, 1 no requests in that time, 2 bad input, 3 the store did not answer.
    """
    try:
        reader = reader_from_environ(os.environ)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    try:
        if json_wanted or once or not sys.stdout.isatty():
            _once(reader, over, service, sort, json_wanted)
        else:
            _live(reader, over, every, service, sort)
    except ReaderError as error:
        click.echo(str(error), err=True)
        sys.exit(UNAVAILABLE)


def _once(reader: Reader, over: float, service: str, sort: str, json_wanted: bool) -> None:
    routes = look(reader, over, service, sort)
    if json_wanted:
        click.echo(as_json(routes, over))
    elif routes:
        click.echo(text(routes, over, _terminal.style()))
    else:
        click.echo(nothing(reader, over, service), err=True)
    sys.exit(SHOWN if routes else NOTHING)


def _live(reader: Reader, over: float, every: float, service: str, sort: str) -> None:
    last = _shown(look(reader, over, service, sort), reader, over, service)
    try:
        with _terminal.live() as draw:
            while True:
                style = _terminal.style()
                draw(f"{last}\n\n{style.dim(f'every {spoken(every)}; Ctrl-C ends it')}")
                time.sleep(every)
                try:
                    last = _shown(look(reader, over, service, sort), reader, over, service)
                except ReaderError as error:  # it did answer at first: it may do so again
                    last = str(error)
    except KeyboardInterrupt:
        click.echo(last)


def _shown(routes: Sequence[RouteStats], reader: Reader, over: float, service: str) -> str:
    return text(routes, over, _terminal.style()) if routes else nothing(reader, over, service)


def look(reader: Reader, over: float, service: str, sort: str) -> tuple[RouteStats, ...]:
    """The routes of that time, sorted. Raises ReaderError."""
    window = Window.back_from(time.time_ns(), over)
    return tuple(sorted(reader.routes(window, service), key=_SORTS[sort]))


def text(routes: Sequence[RouteStats], over: float, style: Style) -> str:
    """The table; routes with errors are red."""
    cells = [
        (
            clean(one.service, style.unicode),
            clean(one.name, style.unicode),
            _rate(one.rate),
            f"{one.errors / one.requests * 100:.1f} %" if one.errors and one.requests else "",
            _milliseconds(one.p50_s),
            _milliseconds(one.p95_s),
        )
        for one in routes
    ]
    header, *lines = _table.rows(_HEADER, cells, _ALIGN)
    shown = [style.bold(style.cut(header, 0))]
    for one, line in zip(routes, lines, strict=True):
        cut = style.cut(line, 0)
        shown.append(style.red(cut) if one.errors else cut)
    requests = sum(one.requests for one in routes)
    return "\n".join([f"the last {spoken(over)}: {requests} requests", "", *shown])


def as_json(routes: Sequence[RouteStats], over: float) -> str:
    """One object: over_s, and routes with rates a second and latencies in seconds."""
    return json.dumps({"over_s": over, "routes": [asdict(one) for one in routes]}, indent=2)


def nothing(reader: Reader, over: float, service: str) -> str:
    """What to say where there were no requests."""
    of = f" of {service}" if service else ""
    places = ", ".join(reader.places)
    return (
        f"No requests{of} in the last {spoken(over)}, in {places}.\n"
        "Try --over 1h; or clew doctor, if there should be some."
    )


def _rate(rate: float) -> str:
    return f"{rate:.2f}" if rate >= 0.01 else "<0.01"


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f}"
