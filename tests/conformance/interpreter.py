"""Runs a program of spans against a tracer provider, through the OpenTelemetry API alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, Status, TracerProvider

from tests.conformance import programs as p

_SCOPES: tuple[tuple[Any, ...], ...] = (
    ("shop",),
    ("shop.db", "1.2", "https://schema.example/db"),
    ("shop.db", "1.2", None, {"pool": "main"}),
)


class Failed(Exception):
    """What a program raises."""


class Run:
    """One run. `taken` is applied to every attribute set before the API gets it."""

    def __init__(self, provider: TracerProvider, taken: Callable[[Any], Any]) -> None:
        self._provider = provider
        self._taken = taken
        # What the API answered on the way, to be compared as well.
        self.answers: list[Any] = []

    def run(self, program: list[p.Start]) -> None:
        for start in program:
            try:
                self._start(start)
            except Failed:
                pass

    def _start(self, start: p.Start) -> None:
        tracer = self._provider.get_tracer(*_SCOPES[start.scope])
        given = {
            "context": self._context(start),
            "kind": start.kind,
            "attributes": self._attributes(start.attributes),
            "links": None if start.links is None else [self._link(link) for link in start.links],
            "start_time": start.start,
            "record_exception": start.record_exception,
            "set_status_on_exception": start.set_status,
        }
        if start.how == "decorator":

            @tracer.start_as_current_span(start.name, **given)
            def work() -> None:
                self._steps(start, trace.get_current_span())

            work()
        elif start.how == "current":
            with tracer.start_as_current_span(start.name, **given) as span:
                self._steps(start, span)
        else:
            span = tracer.start_span(start.name, **given)
            if start.how == "with":
                with span:
                    self._steps(start, span)
            else:
                with trace.use_span(span, end_on_exit=False):
                    self._steps(start, span)
                span.end(start.end)

    def _steps(self, start: p.Start, span: Span) -> None:
        self._ask(span)
        for step in start.steps:
            if isinstance(step, p.Start):
                self._start(step)
            else:
                self._perform(span, step)
            self._ask(span)
        if start.end is not None:
            span.end(start.end)

    def _ask(self, span: Span) -> None:
        self.answers.append((span.get_span_context(), span.is_recording()))

    def _context(self, start: p.Start) -> Context | None:
        if start.parent == "root":
            return Context()
        if start.parent == "remote":
            return trace.set_span_in_context(NonRecordingSpan(start.remote), Context())
        return None

    def _link(self, link: p.LinkTo) -> Link:
        return Link(link.context, self._attributes(link.attributes))

    def _attributes(self, given: Mapping[Any, Any] | None) -> Any:
        return None if given is None else self._taken(given)

    def _perform(self, span: Span, step: Any) -> None:
        match step:
            case p.Attributes(given, singly=True):
                for key, value in given.items():
                    span.set_attribute(key, self._taken({"": value})[""])
            case p.Attributes(given):
                span.set_attributes(self._taken(given))
            case p.Event(name, attributes, timestamp):
                span.add_event(name, self._attributes(attributes), timestamp)
            case p.LinkTo(context, attributes):
                span.add_link(context, self._attributes(attributes))
            case p.Rename(name):
                span.update_name(name)
            case p.SetStatus(code, description, True, extra):
                span.set_status(Status(code, description), extra)
            case p.SetStatus(code, description):
                span.set_status(code, description)
            case p.Exception_(message, attributes, timestamp, escaped):
                error = _raised(message)
                span.record_exception(error, self._attributes(attributes), timestamp, escaped)
            case p.End(time):
                span.end(time)
            case p.Raise(message):
                raise Failed(message)
            case _:
                raise TypeError(f"no such step: {step!r}")


def _raised(message: str) -> Failed:
    """An exception with a traceback."""
    try:
        raise Failed(message)
    except Failed as error:
        return error
