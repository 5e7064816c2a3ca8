"""Telemetry for one test: a runtime of its own, which changes nothing of the process."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import starlette.routing

from clew import _names, _routes
from clew._config import Settings
from clew._hooks import wrap_stack
from clew._names import ACCESS_LOGGER
from clew._runtime import Runtime
from clew.asgi import ClewMiddleware
from clew.logs import ClewHandler, JsonFormatter
from tests.support.otlp_sink import Item, Point, Sink

SERVICE = "tested"
# Far beyond what the loopback needs: reached only where something hangs.
FLUSH_S = 20.0


class Telemetry:
    """A runtime whose export goes to `sink`, and whose log lines go to `lines`."""

    def __init__(self, runtime: Runtime, sink: Sink) -> None:
        self.runtime = runtime
        self.sink = sink
        self._stdout = io.StringIO()
        self.handler = ClewHandler(
            JsonFormatter(SERVICE), runtime.pipeline.logs, stream=self._stdout
        )

    def wrap(self, app: Any) -> Any:
        """The ASGI application with clew's middleware; Starlette's and FastAPI's in place."""
        if not hasattr(app, "build_middleware_stack"):
            return ClewMiddleware(app, self.runtime)
        _routes.watch(starlette.routing)
        build = app.build_middleware_stack
        app.build_middleware_stack = lambda: wrap_stack(app, build(), self.runtime)
        return app

    def flush(self) -> None:
        assert self.runtime.flush(FLUSH_S), "not exported in time"

    def spans(self) -> list[Item]:
        """All exported spans, in the order in which they ended."""
        self.flush()
        return self.sink.spans()

    def span(self) -> Item:
        """The only exported span."""
        (span,) = self.spans()
        return span

    def points(self, name: str) -> list[Point]:
        self.flush()
        return self.sink.points(name)

    def logs(self) -> list[Item]:
        self.flush()
        return self.sink.logs()

    def dropped(self, signal: str) -> dict[str, float]:
        """{reason: items} as the exported metric tells it, zeros left out."""
        return {
            point.attributes[_names.REASON]: point.number
            for point in self.points(_names.EXPORT_DROPPED)
            if point.attributes[_names.SIGNAL] == signal and point.number
        }

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines on what stands for standard output."""
        return [json.loads(line) for line in self._stdout.getvalue().split("\n")[:-1]]

    def access(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["logger"] == ACCESS_LOGGER]


@contextmanager
def telemetry(sink: Sink, **settings: str) -> Iterator[Telemetry]:
    """Telemetry from `settings`, environment variables, while the block lasts."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_SERVICE_NAME": SERVICE,
        "CLEW_SHUTDOWN_TIMEOUT": "0.2",
        **settings,
    }
    made = Telemetry(Runtime(Settings.from_environ(environ)), sink)
    # The loggers under test, and not the root logger, which is pytest's.
    loggers = [logging.getLogger(name) for name in (ACCESS_LOGGER, "shop")]
    before = [logger.level for logger in loggers]
    made.runtime.pipeline.start()
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(made.handler)
    try:
        yield made
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.propagate = True
            logger.removeHandler(made.handler)
        made.runtime.pipeline.stop(0.2)
