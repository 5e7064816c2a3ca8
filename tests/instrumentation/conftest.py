"""What these tests share: a sink for what is exported, and telemetry that is nobody else's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from clew.wsgi import ClewWsgiMiddleware
from tests.instrumentation.telemetry import Telemetry, telemetry
from tests.support import examples
from tests.support.otlp_sink import Sink, otlp_sink
from tests.support.processes import run_python
from tests.support.raw_server import RawServer, raw_server
from tests.support.tls import make_authority

examples.load_profile()


@pytest.fixture(scope="session")
def _session_sink() -> Iterator[Sink]:
    with otlp_sink() as sink:
        yield sink


@pytest.fixture
def sink(_session_sink: Sink) -> Iterator[Sink]:
    """An endpoint that has received nothing yet."""
    _session_sink.clear()
    _session_sink.reset()
    yield _session_sink


class Script:
    """Runs Python programs whose telemetry goes to `sink`."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    def __call__(self, code: str, **settings: str) -> list[str]:
        """Run `code` to its end and return the lines that it printed, other than JSON logs."""
        ended = run_python(code, {"OTEL_EXPORTER_OTLP_ENDPOINT": self.sink.url, **settings})
        assert ended.returncode == 0, ended.stderr
        self.stderr = ended.stderr
        lines = ended.stdout.splitlines()
        self.log_lines = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in lines if not line.startswith("{")]


@pytest.fixture
def script(sink: Sink) -> Script:
    """Runs a program with clew's default settings and the sink as its endpoint."""
    return Script(sink)


@pytest.fixture
def make(sink: Sink) -> Iterator[Callable[..., Telemetry]]:
    """Makes telemetry from settings, given as environment variables."""
    with ExitStack() as made:
        yield lambda **settings: made.enter_context(telemetry(sink, **settings))


@pytest.fixture
def clew(make: Callable[..., Telemetry]) -> Telemetry:
    """Telemetry with the default settings."""
    return make()


@pytest.fixture
def raw() -> Iterator[RawServer]:
    """A server that answers as no HTTP library would."""
    with raw_server() as server:
        yield server


@pytest.fixture
def wrap(clew: Telemetry) -> Callable[[Any], Any]:
    """Wraps WSGI applications."""
    return lambda app: ClewWsgiMiddleware(app, clew.runtime)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA, and certificates that it signed."""
    return make_authority(tmp_path_factory.mktemp("tls"))
