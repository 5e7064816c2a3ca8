"""Starting, awaiting and ending the processes of a measurement."""

from __future__ import annotations

import functools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.overhead._cores import pin

ROOT = Path(__file__).resolve().parents[2]
# Nothing else of the caller's environment: an OTEL_* variable would change what is measured.
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG")


class ChildFailed(Exception):
    """A process did not start, or ended too early; says which, and what it printed last."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """One process, its output in `folder`/NAME.out and .err."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        variables: Mapping[str, str] = {},
        cores: frozenset[int] = frozenset(),
    ) -> None:
        self.name = name
        self.output = folder / f"{name}.out"
        self._errors = folder / f"{name}.err"
        passed_on = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
        with self.output.open("wb") as out, self._errors.open("wb") as err:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**passed_on, "PYTHONPATH": str(ROOT), **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=functools.partial(pin, cores) if cores else None,
            )
        self.pid = self._process.pid

    def await_port(self, port: int, seconds: float = 60.0) -> None:
        """Wait until it listens.

        Raises:
            ChildFailed: it ended, or `seconds` passed.
        """
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1.0).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
        self.kill()
        raise ChildFailed(f"{self.name} does not listen on port {port}. It printed:\n{self.said()}")

    def said(self, most: int = 4_000) -> str:
        """The end of what it printed."""
        both = (self.output.read_bytes()[-most:], self._errors.read_bytes()[-most:])
        return b"\n".join(both).decode("utf-8", "replace").strip()

    def stop(self, how: signal.Signals, seconds: float = 30.0) -> None:
        """Send `how` and wait for the end.

        Raises:
            ChildFailed: it was still there after `seconds`, and was killed.
        """
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ChildFailed(f"{self.name} did not end within {seconds:.0f} s.") from None

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
