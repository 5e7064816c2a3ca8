"""The real collector and its backends, on ports and in a folder of this run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.outage._endpoint import free_port
from benchmarks.overhead._children import ROOT
from stack._ports import PORTS

PARTS = ("prometheus", "loki", "jaeger", "collector")
_SECONDS = 180.0


class StackFailed(Exception):
    """A command of the stack failed; has what it printed."""


class Stack:
    """`python -m stack` with an environment of its own."""

    def __init__(self, folder: Path) -> None:
        ports = {port.variable: str(free_port()) for port in PORTS}
        kept = {name: os.environ[name] for name in os.environ if not name.startswith("OTEL_")}
        self._environ = {**kept, **ports, "CLEW_STACK_DIR": str(folder)}

    def url(self, variable: str) -> str:
        """The base URL of the port that `variable` moves."""
        return f"http://127.0.0.1:{self._environ[variable]}"

    @property
    def endpoint(self) -> str:
        return self.url("CLEW_OTLP_HTTP_PORT")

    def up(self, *names: str) -> None:
        """Start those that do not run, and wait until they are ready."""
        self._run("up", *names)

    def down(self) -> None:
        self._run("down")

    def kill(self, name: str) -> None:
        """End a part with SIGKILL."""
        os.kill(self.pid(name), signal.SIGKILL)

    def pid(self, name: str) -> int:
        """The process of a part. Raises StackFailed if it does not run."""
        for entry in json.loads(self._run("status", "--json", check=False)):
            if entry["name"] == name and entry["pid"]:
                return int(entry["pid"])
        raise StackFailed(f"{name} does not run")

    def _run(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "stack", *words],
            cwd=ROOT,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if check and done.returncode:
            raise StackFailed(f"stack {' '.join(words)}: {done.stderr[-2_000:]}")
        return done.stdout


@contextmanager
def own_stack(folder: Path) -> Iterator[Stack]:
    """The collector, Jaeger, Loki and Prometheus; they end with the block."""
    stack = Stack(folder)
    try:
        stack.up(*PARTS)
        yield stack
    finally:
        stack.down()
