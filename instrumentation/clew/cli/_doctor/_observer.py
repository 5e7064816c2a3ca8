"""Inside an observed program: notes what an outsider can't see, and writes it into a report.

Loaded by `clew run`'s start-up module after clew itself, where `clew doctor` has asked for it. It
watches; what it finds out of order goes on as it would.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import SpanKind

from clew import _names, _start
from clew._runtime import Runtime
from clew.cli._doctor._report import FOLDER, Report
from clew.logs import ClewHandler

_TWICE = (
    (SpanKind.SERVER, SpanKind.SERVER),
    (SpanKind.SERVER, SpanKind.INTERNAL),
    (SpanKind.CLIENT, SpanKind.CLIENT),
)
# What says that a span is of a request: today's names, and those of before.
_METHODS = (_names.HTTP_REQUEST_METHOD, "http.method", "rpc.method", "db.system")

_task = threading.local()
"""`name` is the function that runs on this thread without its request's context."""


def start(environ: Mapping[str, str]) -> Observer | None:
    """Observe this process, if a folder for reports is named and telemetry runs."""
    folder, runtime = environ.get(FOLDER), _start.current()
    if not folder or runtime is None:
        return None
    observer = Observer(Path(folder), runtime)
    observer.install()
    return observer


class Observer:
    """Watches one process, and each that is forked from it."""

    def __init__(self, folder: Path, runtime: Runtime) -> None:
        self._folder = folder
        self._runtime = runtime
        self._lock = threading.RLock()
        self._forget()

    def install(self) -> None:
        """Put the watchers in their places."""
        trace_api.get_tracer_provider().add_span_processor(_Watch(self))  # type: ignore[attr-defined]
        _watch_threads()
        self._watch_lines()
        self._runtime.stopping.append(lambda _timeout: self.write())
        self._runtime.forgetting.append(self._forget)

    def _forget(self) -> None:
        self._requests = 0
        self._double: dict[str, None] = {}
        self._lost: dict[str, None] = {}

    def started(self, span: Any, context: Context | None) -> None:
        """A span has started."""
        parent = trace_api.get_current_span(context)
        if span.kind == SpanKind.SERVER:
            self._requests += 1
        if _repeats(span, parent):
            pair = f"{_scope(parent)} and {_scope(span)} ({span.kind.name.lower()})"
            self._note(self._double, pair)
        elif not parent.get_span_context().is_valid:
            self.alone()
        if self._requests in (1, 2):
            self.write()

    def alone(self) -> None:
        """Telemetry without a request is made: does it belong to one?"""
        name = getattr(_task, "name", None)
        if name is not None:
            self._note(self._lost, name)

    def write(self) -> None:
        """Write the report as it is now."""
        root = logging.getLogger()
        resource = self._runtime.resource.attributes
        report = Report(
            os.getpid(),
            str(resource.get(_names.SERVICE_INSTANCE_ID, "")),
            str(resource.get(_names.SERVICE_NAME, "")),
            self._requests,
            tuple(self._double),
            tuple(self._lost),
            any(isinstance(handler, ClewHandler) for handler in root.handlers),
            tuple(type(handler).__name__ for handler in root.handlers),
        )
        with self._lock, contextlib.suppress(OSError):
            report.write(self._folder)

    def _note(self, where: dict[str, None], what: str) -> None:
        if what not in where:
            where[what] = None
            self.write()

    def _watch_lines(self) -> None:
        """Notice log lines without a request: they will have no ids."""
        make = logging.getLogRecordFactory()

        def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
            made = make(*args, **kwargs)
            if not trace_api.get_current_span().get_span_context().is_valid:
                self.alone()
            return made

        logging.setLogRecordFactory(record)


class _Watch(SpanProcessor):
    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def on_start(self, span: Any, parent_context: Context | None = None) -> None:
        self._observer.started(span, parent_context)


def _repeats(span: Any, parent: Any) -> bool:
    """Whether a span tells of what its parent, in this process, tells already.

    A second instrumentation of a server makes a server span, or, if it sees that one is there, an
    internal one with all of a server's attributes.
    """
    if not parent.is_recording() or _scope(parent) == _scope(span):
        return False
    kinds = (getattr(parent, "kind", None), span.kind)
    if kinds not in _TWICE:
        return False
    mine, theirs = span.attributes or {}, parent.attributes or {}
    return any(key in mine for key in _METHODS) and any(key in theirs for key in _METHODS)


def _scope(span: Any) -> str:
    scope = getattr(span, "instrumentation_scope", None)
    return str(scope.name) if scope is not None else "?"


def _watch_threads() -> None:
    submit, start = ThreadPoolExecutor.submit, threading.Thread.start

    def watched_submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return submit(self, _watched(fn), *args, **kwargs)

    def watched_start(self: threading.Thread) -> None:
        target = getattr(self, "_target", None)
        # A thread of the pool runs its tasks, each of which is watched by itself.
        if target is not None and "concurrent.futures" not in getattr(target, "__module__", ""):
            self._target = _watched(target)  # type: ignore[attr-defined]
        start(self)

    ThreadPoolExecutor.submit = watched_submit  # type: ignore[method-assign]
    threading.Thread.start = watched_start  # type: ignore[method-assign]


def _watched(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn`, whose name is known while it runs without the context of the request that it is for."""
    if not trace_api.get_current_span().get_span_context().is_valid:
        return fn
    name = f"{getattr(fn, '__module__', '?')}.{getattr(fn, '__qualname__', repr(fn))}"

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        if trace_api.get_current_span().get_span_context().is_valid:  # somebody has carried it
            return fn(*args, **kwargs)
        _task.name = name
        try:
            return fn(*args, **kwargs)
        finally:
            del _task.name

    return run
