"""A shell that a page is typed into: one process, so that `cd` and `export` last."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.docs.pages import Command
from tests.support.processes import BIN, environ, free_port

# Ports that pages name. Each is another one here: a demo or another test may have it.
_PORTS = ("4317", "4318", "4319", "9464", "8001", "8010", "8011", "8012")
_TIMEOUT_S = 120.0
_END = "--- end of command {} ---"
# A server is there when its port answers; one that doesn't within half a minute has failed.
_FUNCTIONS = """
reachable() {
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    sleep 0.1
  done
  echo "nothing answers at port $1" >&2
  exit 97
}
"""


class Shell:
    """Runs a page's commands in `folder`, beside its files, and tells what each printed."""

    def __init__(self, folder: Path, files: Mapping[str, str], commands: list[Command]) -> None:
        self._folder = folder
        self._commands = commands
        self._ports = {port: str(free_port()) for port in _PORTS}
        for name, text in files.items():
            (folder / name).write_text(self._moved(text), encoding="utf-8")

    def run(self) -> list[str]:
        """The outputs, one for each command. AssertionError where one ended with an error."""
        script = self._folder / "typed.sh"
        script.write_text(self._script(), encoding="utf-8")
        process = subprocess.Popen(
            ["bash", str(script)],
            cwd=self._folder,
            env=self._environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=_TIMEOUT_S)
        finally:
            # The servers that the page started, and nothing else: the session is the script's.
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        assert process.returncode == 0, said
        return self._apart(said)

    def _script(self) -> str:
        lines = ["set -e", _FUNCTIONS]
        for number, command in enumerate(self._commands):
            line = self._moved(command.line)
            if command.is_server:
                log = self._folder / f"server-{number}.log"
                lines.append(f"{line.removesuffix('&')} >{log} 2>&1 &")
                lines += [f"reachable {port}" for port in self._served(command.line)]
            else:
                lines.append(line)
            lines.append(f"echo; echo '{_END.format(number)}'")
        lines.append("kill $(jobs -p) 2>/dev/null || true; wait")
        return "\n".join(lines) + "\n"

    def _served(self, line: str) -> list[str]:
        if line.startswith("clew lens"):
            return [self._ports[port] for port in ("4318", "4319")]
        return [self._ports[port] for port in re.findall(r"--port (\d+)", line)]

    def _moved(self, line: str) -> str:
        for port, here in self._ports.items():
            line = re.sub(rf"\b{port}\b", here, line)
        if line.startswith("clew lens"):
            http, grpc, page = (self._ports[port] for port in ("4318", "4317", "4319"))
            own = f"--otlp-http-port {http} --otlp-grpc-port {grpc} --port {page}"
            line = line.replace("clew lens", f"clew lens {own}", 1)
        return line

    def _environ(self) -> Mapping[str, str]:
        path = os.pathsep.join((str(BIN), os.environ.get("PATH", "")))
        collector = f"http://127.0.0.1:{self._ports['4318']}"
        # What is exported before a lens runs, or on a page without one, may wait for nobody.
        own = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "CLEW_SHUTDOWN_TIMEOUT": "0.2"}
        return {**environ(own), "PATH": path}

    def _apart(self, said: str) -> list[str]:
        outputs = []
        for number in range(len(self._commands)):
            output, _, said = said.partition(_END.format(number))
            outputs.append(output)
        return outputs
