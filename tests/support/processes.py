"""Python programs as processes, with nobody's settings but the test's own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
# Far beyond what any of them needs: reached only where something hangs.
DEADLINE_S = 60.0
_STOP_S = 20.0


def environ(own: Mapping[str, str]) -> dict[str, str]:
    """The environment without the telemetry settings of whoever runs the tests, and `own`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "CLEW_", "PYTEST_"))}
    path = os.pathsep.join((str(BIN), kept.get("PATH", "")))
    # No spool: what another process of this machine left behind is not the test's to send.
    ours = {"PYTHONUNBUFFERED": "1", "CLEW_SPOOL_DIR": "off"}
    modules = os.pathsep.join(filter(None, (own.get("PYTHONPATH"), str(ROOT))))
    return {**kept, "PATH": path, **ours, **own, "PYTHONPATH": modules}


def run_python(
    code: str, own: Mapping[str, str], *, timeout: float = DEADLINE_S, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """`code` in a Python process of its own, which must end by itself."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environ(own), cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@contextmanager
def running(
    command: Sequence[str], own: Mapping[str, str], folder: Path, cwd: Path = ROOT
) -> Iterator[Path]:
    """`command` while the block lasts; gives the file of its standard output.

    It is asked to end (SIGTERM) and waited for. Raises AssertionError if it ended before.
    """
    out, err = folder / "stdout", folder / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(command, env=environ(own), cwd=cwd, stdout=stdout, stderr=stderr)
        try:
            yield out
            assert process.poll() is None, f"{command} ended by itself:\n{err.read_text()}"
        except BaseException as error:
            error.add_note(err.read_text()[-4_000:]) if hasattr(error, "add_note") else None
            raise
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
