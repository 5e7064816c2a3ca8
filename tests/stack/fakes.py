"""Stand-ins for time, programs and the terminal."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

from stack._progress import Progress

# Serves 200 at every path of the port in its first argument.
SERVER = """\
import http.server, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass

print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""

DIES = "import sys; print('cannot open the ledger'); sys.exit(3)\n"

STUBBORN = """\
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    time.sleep(60)
"""


class ScriptedClock:
    """Time that passes only in `sleep`; `at_sleep` is called each time, before time passes."""

    def __init__(self, at_sleep: Callable[[float], None] | None = None) -> None:
        self.time = 1000.0
        self._at_sleep = at_sleep

    def now(self) -> float:
        """Return the scripted time."""
        return self.time

    def monotonic(self) -> float:
        """Return the scripted time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        if self._at_sleep is not None:
            self._at_sleep(self.time)
        self.time += seconds


def recorded() -> tuple[Progress, io.StringIO]:
    """Return a Progress and what it writes."""
    stream = io.StringIO()
    return Progress(stream, ScriptedClock()), stream


def script(path: Path, text: str) -> Path:
    """Write an executable Python script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def tells_version(path: Path, text: str) -> Path:
    """Write a program that prints `text` whatever it is asked."""
    return script(path, f"print({text!r})\n")
