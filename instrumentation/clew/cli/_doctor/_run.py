"""Running the application that is to be looked at, with the observer inside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from clew.cli import run
from clew.cli._doctor import _report
from clew.cli._doctor._report import FOLDER, Report

_END_S = 15.0


class DidNotRun(Exception):
    """The program could not be watched; the message says why."""


def observe(
    words: Sequence[str],
    environ: Mapping[str, str],
    seconds: float | None,
    *,
    strict: bool = False,
) -> tuple[Report, ...]:
    """Run the command, for so many seconds at most, and read what its processes reported.

    What it prints goes to standard error, and so does a word on how it ended, if not well. Ctrl-C
    ends it, and not the doctor. Raises DidNotRun.
    """
    try:
        command = run.command(words)
    except click.ClickException as error:
        raise DidNotRun(error.message) from error
    with tempfile.TemporaryDirectory(prefix="clew-doctor-") as folder:
        env = {**run.environment(environ), FOLDER: folder}
        process = subprocess.Popen(command, env=env, stdout=sys.stderr.fileno())
        ended = False  # by us
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            ended = True
            _end(process, signal.SIGTERM)
        except KeyboardInterrupt:
            ended = True
            # The terminal has sent it to the whole group already.
            _end(process, None)
        reports = _report.read(Path(folder))
    if process.returncode and not ended:
        said = f"{words[0]} ended by itself with {process.returncode}; what it said stands above."
        if strict or not reports:
            raise DidNotRun(said)
        print(f"clew doctor: {said}", file=sys.stderr)
    return reports


def serve(target: str, path: str, environ: Mapping[str, str]) -> tuple[Report, ...]:
    """Import `module:app` and send it one GET of `path`, in a process of its own.

    Raises DidNotRun.
    """
    here = os.pathsep.join(filter(None, (os.getcwd(), environ.get("PYTHONPATH", ""))))
    words = (sys.executable, "-m", "clew.cli._doctor._serve", target, path)
    return observe(words, {**environ, "PYTHONPATH": here}, None, strict=True)


def _end(process: subprocess.Popen[bytes], number: int | None) -> None:
    if number is not None:
        process.send_signal(number)
    try:
        process.wait(_END_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
