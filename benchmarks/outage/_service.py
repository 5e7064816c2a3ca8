"""The application as a process, under clew or under `opentelemetry-instrument`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.outage._endpoint import free_port
from benchmarks.overhead._children import Child

HERE = Path(sys.executable).parent
_APP = (
    "uvicorn", "benchmarks.outage.app:app", "--no-access-log", "--log-level", "warning",
)  # fmt: skip


class Service:
    """`GET /items/N` on `port`, instrumented, sending to `endpoint`."""

    def __init__(
        self,
        folder: Path,
        endpoint: str,
        launcher: tuple[str, ...] = ("clew", "run"),
        programs: Path = HERE,
        variables: Mapping[str, str] = {},
        words: tuple[str, ...] = (),
        name: str = "items",
    ) -> None:
        """`programs` is the bin folder of the environment that the launcher is installed in."""
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        command = (*launcher, *_APP, "--port", str(self.port), *words)
        own = {
            "PATH": os.pathsep.join((os.fspath(programs), os.environ.get("PATH", ""))),
            "OTEL_SERVICE_NAME": name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "PYTHONUNBUFFERED": "1",
            **variables,
        }
        self.child = Child(name, (str(programs / command[0]), *command[1:]), folder, own)
        self.child.await_port(self.port)

    @property
    def pid(self) -> int:
        return self.child.pid


# One line a request, as in the other; its spool in a folder of the run.
def clew_variables(folder: Path) -> dict[str, str]:
    """Defaults, save for where the spool is and that the handler's line is the only one."""
    return {"CLEW_ACCESS_LOG": "false", "CLEW_SPOOL_DIR": str(folder / "spool")}


# Defaults, with all three signals on and the attributes that clew sends, too.
OPENTELEMETRY = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
    "OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION": "true",
}
