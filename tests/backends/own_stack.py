"""A stack of this test run, apart from any other on the machine."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stack._ports import PORTS
from stack._settings import ROOT

_SECONDS = 120.0
# The shop's stores: its own tests start them.
_WITHOUT = ("postgres", "redis", "epmd", "rabbitmq")


@dataclass(frozen=True)
class OwnStack:
    """`python -m stack` with its own environment."""

    environ: dict[str, str]

    @classmethod
    def on_free_ports(cls, folder: Path) -> "OwnStack":
        """Return a stack whose state is in `folder`, on ports that are free now."""
        ports = {p.variable: str(n) for p, n in zip(PORTS, _free_ports(len(PORTS)), strict=True)}
        own = {"CLEW_STACK_DIR": str(folder), "CLEW_STACK_WITHOUT": " ".join(_WITHOUT)}
        return cls({**os.environ, **ports, **own})

    def run(self, *arguments: str, check: bool = False) -> "subprocess.CompletedProcess[str]":
        """Run a command of the stack; with `check` it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "stack", *arguments],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done

    def url(self, variable: str, path: str) -> str:
        """Return an address of this stack by the variable of its port."""
        return f"http://127.0.0.1:{self.environ[variable]}{path}"

    def status(self) -> list[dict[str, Any]]:
        """Return what `status --json` says."""
        found: list[dict[str, Any]] = json.loads(self.run("status", "--json").stdout)
        out = {*_WITHOUT, "agent"}
        return [entry for entry in found if entry["name"] not in out]


@cache
def binary(name: str) -> str:
    """Return the path of a backend's program; fail with what to do if it is not on this machine."""
    done = subprocess.run(
        [sys.executable, "-m", "stack", "path", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:  # all at once, so that no number comes twice
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
