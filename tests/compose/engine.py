"""A Docker Engine of one's own: everything it has is in one folder, and goes with it."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.compose.docker import Docker
from tests.e2e.wait import wait_until

_START_SECONDS = 60
_STOP_SECONDS = 60


class NoEngine(Exception):
    """The machine lacks what an engine needs; the message says what, and how to get it."""


@contextmanager
def engine(config: Path) -> Iterator[Docker]:
    """Run an engine in a new folder and yield the docker command for it; after, remove both.

    Raises NoEngine where no engine can run.
    """
    _check_machine()
    # Not in pytest's folder: the path of a Unix socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="clew-engine-"))
    docker = Docker(f"unix://{folder}/docker.sock", config)
    process = _start(folder)
    try:
        wait_until(
            lambda: _answers(docker, process, folder), "answer from the engine", _START_SECONDS
        )
        yield docker
    finally:
        _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise NoEngine("a Docker Engine starts as root only: run the engine tests as root")
    missing = [name for name in ("docker", "dockerd", "debootstrap") if not shutil.which(name)]
    if missing:
        raise NoEngine(
            f"not on PATH: {', '.join(missing)}; on Debian: apt-get install docker.io debootstrap"
        )


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    command = [
        "dockerd",
        # The machine's packet filter stays as it is: containers of one network reach each other
        # without it, and the published ports are served by the engine's own proxy.
        "--iptables=false",
        "--ip6tables=false",
        "--ip-masq=false",
        "--bridge=none",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        f"--host=unix://{folder}/docker.sock",
    ]
    with (folder / "log").open("wb") as log:
        # A session of its own: Ctrl-C is for the tests, which then stop the engine in order.
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def _answers(docker: Docker, process: "subprocess.Popen[bytes]", folder: Path) -> bool:
    if process.poll() is not None:
        said = "\n".join((folder / "log").read_text(errors="replace").splitlines()[-20:])
        raise NoEngine(f"dockerd ended with {process.returncode}:\n{said}")
    return docker.works("version")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
