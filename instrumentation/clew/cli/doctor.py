"""`clew doctor`: what is wrong with the way from a service to the stores, and how to mend it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from clew._exceptions import ConfigurationError
from clew.cli import _terminal
from clew.cli._doctor import _checks, _run, _surroundings
from clew.cli._doctor._report import Report
from clew.cli._doctor._result import Result, State
from clew.cli._duration import duration
from clew.cli._follow_style import Style, clean

WELL, ILL, BAD_INPUT = range(3)
"""Exit codes."""

_NAME_COLUMNS = 20
_SIGNS = {State.GOOD: ("✓", "+"), State.PROBLEM: ("✗", "x"), State.SKIPPED: ("-", "-")}
_COLORS = {State.GOOD: "green", State.PROBLEM: "red", State.SKIPPED: "bright_black"}


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--path", default="/", show_default=True, help="What to GET from module:app.")
@click.option("--for", "seconds", callback=duration, help="End CMD after this long, as by SIGTERM.")
@click.option(
    "--wait",
    callback=duration,
    default="20s",
    show_default=True,
    help="How long to wait for the probe in the stores.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[module:app | -- CMD...]")
def doctor(
    path: str, seconds: float | None, wait: float, json_wanted: bool, words: tuple[str, ...]
) -> None:
    """Check the way from a service to the stores; for each finding, why it matters and the fix.

    Sends a span, a log line and a metric through, and reads them back.

    With an application it also looks inside while that runs: context lost on threads, what is
    instrumented twice, logging that was taken over, workers with one identity. module:app is
    imported and sent one GET; CMD (a server, or your own tests: clew doctor -- pytest tests) runs
    until it ends or Ctrl-C.

    Exit codes: 0 nothing is wrong, 1 something is, 2 bad input.
    """
    try:
        around = _surroundings.of_process(None, wait)
        if words:
            reports = _observed(words, path, seconds)
            around = _surroundings.of_process(reports, wait)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    except _run.DidNotRun as error:
        raise click.UsageError(str(error)) from error
    results = []
    style = _terminal.style()
    for result in _checks.run(around):
        results.append(result)
        if not json_wanted:
            click.echo("\n".join(text(result, style)))
    if json_wanted:
        click.echo(as_json(results))
    else:
        click.echo(summary(results))
    sys.exit(ILL if any(one.state is State.PROBLEM for one in results) else WELL)


def text(result: Result, style: Style) -> Iterator[str]:
    """The result's lines."""
    sign = _SIGNS[result.state][0 if style.unicode else 1]
    name = f"{sign} {result.check:{_NAME_COLUMNS}}"
    if style.color:
        name = click.style(name, fg=_COLORS[result.state])
    indent = " " * (_NAME_COLUMNS + 3)
    first, *rest = style.wrapped(clean(result.found, style.unicode), len(indent))
    yield f"{name} {first}"
    yield from (indent + line for line in rest)
    for title, words in (("why", result.why), ("fix", result.fix)):
        if words:
            first, *rest = style.wrapped(words, len(indent) + 5)
            yield f"{indent}{style.bold(title)}  {first}"
            yield from (f"{indent}     {line}" for line in rest)


def summary(results: Sequence[Result]) -> str:
    """The last line."""
    count = {state: sum(one.state is state for one in results) for state in State}
    bad = count[State.PROBLEM]
    verdict = "nothing is wrong" if not bad else f"{bad} to mend"
    return f"\n{verdict}; {count[State.GOOD]} good, {count[State.SKIPPED]} not looked at"


def as_json(results: Sequence[Result]) -> str:
    """One object: well, and each check with its state, what was found, why and the fix."""
    checks = [{**asdict(one), "state": one.state.value} for one in results]
    well = all(one.state is not State.PROBLEM for one in results)
    return json.dumps({"well": well, "checks": checks}, indent=2, ensure_ascii=False)


def _observed(words: Sequence[str], path: str, seconds: float | None) -> tuple[Report, ...]:
    if len(words) == 1 and ":" in words[0] and os.sep not in words[0]:
        return _run.serve(words[0], path, os.environ)
    return _run.observe(words, os.environ, seconds)
