"""Programs that run with the contributed instrumentations, and what these tests ask of each."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.otlp_sink import Item, Sink, otlp_sink
from tests.support.processes import run_python

# In a folder of their own, so that they do not instrument every other test: see
# requirements-instrumentations.txt.
FOLDER = Path(sys.prefix) / "instrumentations"
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5

# Every program begins like this. `call(name, work)` does work in a trace of its own.
HEAD = """
import clew.auto, clew, json, sys, asyncio, threading
from opentelemetry import trace
tracer = trace.get_tracer("test")
told = {}
def call(name, work, *given):
    with clew.bind_correlation_id(f"thread-{name}"), tracer.start_as_current_span(name):
        return work(*given)
def tell():
    print("TOLD " + json.dumps(told))
"""


def needs(*modules: str) -> None:
    """Skip, naming the first of `modules` that is not installed."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


def needs_contrib(*names: str) -> None:
    """Skip, naming the first of the instrumentations that is not installed."""
    for name in names:
        if not (FOLDER / "opentelemetry" / "instrumentation" / name).is_dir():
            try:
                found = importlib.util.find_spec(f"opentelemetry.instrumentation.{name}")
            except ModuleNotFoundError:
                found = None
            if found is None:
                pytest.skip(f"opentelemetry-instrumentation-{name} is not installed")


@dataclass
class Ran:
    """What a program made."""

    sink: Sink
    told: dict[str, Any]
    stderr: str

    def root(self, name: str) -> Item:
        """The span that `call` made."""
        (found,) = (one for one in self.sink.spans() if one.data.name == name)
        return found

    def of(self, name: str, kind: int | None = None) -> list[Item]:
        """The spans of that trace save its root, oldest first; `kind` as in OTLP."""
        root = self.root(name).data
        found = [
            one
            for one in self.sink.spans()
            if one.data.trace_id == root.trace_id and one.data.span_id != root.span_id
        ]
        found.sort(key=lambda one: one.data.start_time_unix_nano)
        return [one for one in found if kind is None or one.data.kind == kind]

    def only(self, name: str, kind: int | None = None) -> Item:
        """The only such span."""
        found = self.of(name, kind)
        names = [(one.data.name, one.scope) for one in found]
        assert len(found) == 1, f"{name}: {names}"
        return found[0]


def run(code: str, sink: Sink, **own: str) -> Ran:
    """Run HEAD and `code` to its end, with every contributed instrumentation at hand."""
    path = ":".join(filter(None, (own.pop("PYTHONPATH", ""), str(FOLDER))))
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": path, **own}
    ended = run_python(HEAD + code, settings)
    assert ended.returncode == 0, ended.stderr
    told = [line[5:] for line in ended.stdout.splitlines() if line.startswith("TOLD ")]
    return Ran(sink, json.loads(told[-1]) if told else {}, ended.stderr)


@pytest.fixture(scope="module")
def module_sink() -> Iterator[Sink]:
    """One for all tests of a file, whose program runs once."""
    with otlp_sink() as sink:
        yield sink


def is_child_with_the_thread(ran: Ran, name: str, span: Item) -> None:
    """The span continues the trace of `call`, and carries its correlation id."""
    assert span.data.parent_span_id == ran.root(name).data.span_id
    assert span.attributes["correlation_id"] == f"thread-{name}"


def went_along(ran: Ran, name: str, span: Item, headers: dict[str, str]) -> None:
    """What the peer got: the context of that very span, and the correlation id."""
    trace_id, span_id = span.data.trace_id.hex(), span.data.span_id.hex()
    assert headers["traceparent"].startswith(f"00-{trace_id}-{span_id}-")
    assert headers["x-correlation-id"] == f"thread-{name}"
