"""Starting and stopping a program, and finding free ports for it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

_STOP_TIMEOUT_S = 20


@contextmanager
def process(
    command: list[str], environ: Mapping[str, str], stdout: Path, stderr: Path
) -> Iterator[None]:
    """The program, while the `with` lasts; AssertionError if it has ended by itself."""
    program = shutil.which(command[0], path=bin_path(environ.get("PATH", "")))
    assert program, f"{command[0]} is not installed beside {sys.executable}"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        running = subprocess.Popen(
            [program, *command[1:]], cwd=ROOT, env=environ, stdout=out, stderr=err
        )
        try:
            yield
            assert running.poll() is None, f"{command} ended by itself:\n{stderr.read_text()}"
        finally:
            running.terminate()
            try:
                running.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def bin_path(path: str) -> str:
    """The search path `path`, with the programs of this Python before it."""
    return os.pathsep.join([str(Path(sys.executable).parent), path])


def answers(url: str) -> bool:
    """Whether an HTTP server answers there, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
