"""One run of one configuration: the server, what it served, and what arrived of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from benchmarks.overhead._children import Child, free_port
from benchmarks.overhead._configurations import Configuration
from benchmarks.overhead._cores import Cores
from benchmarks.overhead._environments import Environments
from benchmarks.overhead._usage import family
from benchmarks.overhead.apps._lines import NAME

_SCRAPED = re.compile(r'^http_requests_total\{.*handler="/users/\{user_id\}".*\} (\S+)$', re.M)


class Service:
    """A running server; `served` and `arrived` are known after its end."""

    def __init__(
        self, configuration: Configuration, child: Child, port: int, served_file: Path
    ) -> None:
        self._configuration = configuration
        self._child = child
        self._served_file = served_file
        self.base = f"http://127.0.0.1:{port}"
        self.url = f"{self.base}/users/1"
        self.served = 0
        self.arrived: dict[str, int] = {}

    def pids(self) -> list[int]:
        """The server's processes. gunicorn's worker is there only once it has served."""
        return family(self._child.pid)

    def end(self, sink: str) -> None:
        """Stop it in order, and count.

        Raises:
            ChildFailed: it did not end.
        """
        scraped = self._scrape() if "scraped" in self._configuration.expects else 0
        self._child.stop(self._configuration.stop)
        self.served = int(self._served_file.read_text() or 0)
        with urlopen(sink, timeout=120) as answer:
            self.arrived = json.load(answer)
        self.arrived["scraped"] = scraped
        self.arrived["log_lines"] = self._lines()

    def _scrape(self) -> int:
        with urlopen(f"{self.base}/metrics", timeout=10) as answer:
            return round(sum(float(n) for n in _SCRAPED.findall(answer.read().decode())))

    def _lines(self) -> int:
        with self._child.output.open("rb") as lines:
            return sum(NAME.encode() in line for line in lines)


@contextmanager
def running(
    configuration: Configuration,
    environments: Environments,
    cores: Cores,
    sink: str,
    neighbour: str,
    folder: Path,
) -> Iterator[Service]:
    """The configuration's server, listening; ended when the block ends.

    `sink` is the address of a collection of its own at the sink.

    Raises:
        ChildFailed: it did not start or did not end.
    """
    port = free_port()
    programs = environments.folder(configuration.environment) / "bin"
    program, *words = (word.replace("{port}", str(port)) for word in configuration.command)
    served_file = folder / "served"
    child = Child(
        "server",
        [str(programs / program), *words],
        folder,
        {
            "PATH": f"{programs}{os.pathsep}{os.defpath}",
            "OTEL_SERVICE_NAME": "bench",
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink,
            "BENCH_NEIGHBOUR": neighbour,
            "BENCH_SERVED": str(served_file),
            # On the same disk as ever, but no process takes over what another has left there.
            "CLEW_SPOOL_DIR": str(folder / "spool"),
            **configuration.variables,
        },
        cores.server,
    )
    try:
        child.await_port(port)
        service = Service(configuration, child, port, served_file)
        yield service
        service.end(sink)
    finally:
        child.kill()
