"""Two that are told the same, one with the compiled path and one without, and what to compare."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from contextvars import Token
from time import time_ns
from typing import Any

from opentelemetry.sdk.trace import Event, SpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, Status, TraceFlags

from clew import _faults, correlation
from clew._config import Settings
from clew._http_client import HttpClient
from clew._runtime import Runtime
from clew.asgi import ClewMiddleware
from clew.export._buffer import count_of
from clew.traces import ClewSpan, Shared
from clew.wsgi import ClewWsgiMiddleware

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = SpanContext(int(TRACE, 16), int(SPAN, 16), True, TraceFlags(1))
_AN_HOUR = 3_600_000_000_000  # ns
RUNS = 20_000


class Side:
    """One of two that are told the same. Its export thread never begins: what it made is there."""

    def __init__(self, compiled: bool, settings: Mapping[str, str], watched: bool = False) -> None:
        self.runtime = Runtime(Settings.from_environ({"OTEL_SERVICE_NAME": "tested", **settings}))
        self._compiled = compiled
        if watched:
            self.runtime.tracer_provider.add_span_processor(SpanProcessor())
        self._faults, self._replaced = _faults.total(), count_of(correlation.replaced)

    def asgi(self, app: Any) -> ClewMiddleware:
        made = ClewMiddleware(app, self.runtime)
        made.compiled = made.compiled if self._compiled else None
        return made

    def wsgi(self, app: Any) -> ClewWsgiMiddleware:
        made = ClewWsgiMiddleware(app, self.runtime)
        made.compiled = made.compiled if self._compiled else None
        return made

    def client(self) -> HttpClient:
        made = HttpClient(self.runtime)
        made._compiled = made._compiled if self._compiled else None
        return made

    def active(self) -> Any:
        return self.runtime.pipeline.http.active.values()

    def counted(self) -> tuple[int, int]:
        """Faults, and ids that were replaced."""
        return _faults.total() - self._faults, count_of(correlation.replaced) - self._replaced

    def names(self, said: object, **known: object) -> Names:
        """Names for what this side makes; `said` is all that it was told."""
        http = self.runtime.pipeline.http
        return Names(
            f"{said!r} {TRACE} {SPAN}",
            tracer=self.runtime.tracer, server=http.server, client=http.client, **known,
        )  # fmt: skip


class Names:
    """Describes objects so that two sides can be compared, whose ids, clocks and objects differ.

    An id that was said stays as it is; a fresh one is known by the order in which it is met.
    """

    _ID = re.compile(r"(?<![0-9a-f])(?!0+\b)(?:[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])")

    def __init__(self, said: str, **known: object) -> None:
        self._said = said
        self._kept = known
        self._known = {id(value): name for name, value in known.items()}
        self._fresh: dict[str, str] = {}

    def _named(self, found: re.Match[str]) -> str:
        if found[0] in self._said:
            return found[0]
        return self._fresh.setdefault(found[0], f"<fresh {len(self._fresh)}>")

    def __call__(self, value: Any) -> Any:
        kind, known = type(value), self._known.get(id(value))
        if known is not None:
            return known
        if isinstance(value, str):
            return kind, self._ID.sub(self._named, value)
        if isinstance(value, bytes):
            return kind, self._ID.sub(self._named, value.decode("latin-1"))
        if isinstance(value, SpanContext):
            trace_id, span_id, remote, flags, state, valid = value
            ids = self(f"{trace_id:032x}"), self(f"{span_id:016x}")
            return kind, ids, remote, flags, type(flags), state.to_header(), valid
        if isinstance(value, Mapping):  # whose order counts
            return kind, [(self(key), self(item)) for key, item in value.items()]
        if isinstance(value, (tuple, list)):
            return kind, [self(item) for item in value]
        if kind is int and abs(value - time_ns()) < _AN_HOUR:
            return "time"
        if kind is float:
            return "seconds"
        return kind, self._parts(value)

    def _parts(self, value: Any) -> Any:
        """What an object of our own is made of; anything else is itself."""
        if isinstance(value, ClewSpan):
            return self._span(value)
        if isinstance(value, NonRecordingSpan):
            return self(value.get_span_context())
        if isinstance(value, Status):
            return value.status_code, value.description
        if isinstance(value, Event):  # the frames of the stack trace are each side's own
            own = {k: v for k, v in (value.attributes or {}).items() if "stacktrace" not in k}
            return value.name, self(own)
        if isinstance(value, Link):
            return self(value.context), self(value.attributes)
        if isinstance(value, Shared):
            return self(value.attributes), value.count
        if isinstance(value, BaseException):
            return value.args
        if isinstance(value, (itertools.count, Token)) or hasattr(value, "__next__"):
            return None
        return value

    def _span(self, span: ClewSpan) -> Any:
        if span._shared is not None:
            shared = list(span._shared.attributes.items())
            assert list(span._attributes.items())[: len(shared)] == shared
        return self.slots(span), self(dict(sorted(vars(span).items())))

    def slots(self, value: Any) -> Any:
        """What is in each slot."""
        found = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        return {name: self(getattr(value, name, "unset")) for name in found}


def both_sides(serve: Callable[[Side], Any], settings: Any, watched: bool = False) -> None:
    """Serve with either side, and compare what `serve` tells of it, item by item."""
    compiled, python = (serve(Side(is_, settings, watched)) for is_ in (True, False))
    for ours, theirs in zip(compiled, python, strict=True):
        assert ours == theirs
