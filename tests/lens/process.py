"""A lens in a process of its own, as a user runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

_TIMEOUT_S = 60.0


class LensProcess:
    """Started when made; ports are free ones. Use as a context manager."""

    def __init__(self, *words: str) -> None:
        ports = ["--port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clew_lens", *ports, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.page, self.otlp_http, self.otlp_grpc = (self._address() for _ in range(3))

    def _address(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            assert self.process.stderr is not None
            raise RuntimeError(f"the lens did not start: {self.process.stderr.read()}")
        return line.split()[-1].rstrip("/")

    def send(self, path: str, message: dict[str, Any]) -> None:
        """Send a message in JSON; returns when it is accepted."""
        headers = {"Content-Type": "application/json"}
        body = json.dumps(message).encode()
        request = urllib.request.Request(self.otlp_http + path, body, headers)
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            assert answer.status == 200

    def get(self, path: str) -> Any:
        """The decoded answer of the query API."""
        with urllib.request.urlopen(f"{self.page}/api/v1{path}", timeout=_TIMEOUT_S) as answer:
            return json.load(answer)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Ask until the answer is yes; fails when it takes too long."""
        deadline = time.monotonic() + _TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(_TIMEOUT_S)

    def stop(self) -> str:
        """End it as Ctrl-C would; returns what it wrote to stderr."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=_TIMEOUT_S)
        return str(errors)

    def peak_memory(self) -> int:
        """The largest resident size so far, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))

    def __enter__(self) -> LensProcess:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(_TIMEOUT_S)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
