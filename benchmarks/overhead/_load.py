"""Load on a server, by wrk, or by the bundled generator where there is no wrk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.overhead._children import ROOT

_REPORT = Path(__file__).with_name("wrk_report.lua")
HOW_TO_INSTALL = (
    "wrk is not installed (Debian, Ubuntu: apt-get install wrk; macOS: brew install wrk)"
)


class LoadFailed(Exception):
    """The generator did not do its work; says what it printed."""


@dataclass(frozen=True)
class Load:
    """What the clients saw. `errors` are refused, broken, timed out or not 2xx/3xx."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    errors: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    @classmethod
    def parse(cls, printed: str) -> Load:
        """The last line of what a generator prints, which is JSON.

        Raises:
            LoadFailed: it is not.
        """
        try:
            return cls(**json.loads(printed.strip().rpartition("\n")[2]))
        except (TypeError, ValueError):
            raise LoadFailed(f"The load generator printed no result:\n{printed}") from None


class Generator:
    """wrk with one thread; the bundled generator where wrk is missing, or `wrk` is ""."""

    def __init__(self, connections: int, wrk: str | None = None) -> None:
        self._connections = connections
        self._wrk = shutil.which("wrk") if wrk is None else wrk

    @property
    def bundled(self) -> bool:
        return not self._wrk

    def __str__(self) -> str:
        return f"{'BUNDLED GENERATOR' if self.bundled else 'wrk -t1'} -c{self._connections}"

    def run(self, url: str, seconds: float) -> Load:
        """Load `url` for `seconds` (wrk knows whole ones only).

        Raises:
            LoadFailed: it printed no result.
        """
        words = self._command(url, seconds)
        done = subprocess.run(
            words, cwd=ROOT, capture_output=True, text=True, timeout=seconds + 60, check=False
        )
        if done.returncode:
            raise LoadFailed(f"{words[0]} ended with {done.returncode}:\n{done.stderr}")
        return Load.parse(done.stdout)

    def _command(self, url: str, seconds: float) -> list[str]:
        connections = str(self._connections)
        if not self._wrk:
            module = "benchmarks.overhead.generator"
            return [sys.executable, "-m", module, url, connections, str(seconds)]
        return [
            self._wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency",
            "-s", str(_REPORT), url,
        ]  # fmt: skip
