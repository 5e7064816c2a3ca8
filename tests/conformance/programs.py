"""Programs that make spans: as data, so that both providers run the very same one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags, TraceState

from tests.conformance import values

TIMES = st.one_of(st.none(), st.integers(0, 1_000_000))
STATUSES = st.sampled_from(list(StatusCode))
TEXT_OR_NONE = st.one_of(st.none(), values.CLEAN_TEXT)


@dataclass(frozen=True)
class Attributes:
    """set_attributes, or set_attribute one by one."""

    given: dict[Any, Any]
    singly: bool


@dataclass(frozen=True)
class Event:
    name: str
    attributes: dict[Any, Any] | None
    timestamp: int | None


@dataclass(frozen=True)
class LinkTo:
    context: SpanContext
    attributes: dict[Any, Any] | None


@dataclass(frozen=True)
class Rename:
    name: str


@dataclass(frozen=True)
class SetStatus:
    code: StatusCode
    description: str | None
    as_status: bool
    extra: str | None


@dataclass(frozen=True)
class Exception_:
    message: str
    attributes: dict[Any, Any] | None
    timestamp: int | None
    escaped: bool


@dataclass(frozen=True)
class End:
    """End now; what follows in the program comes too late."""

    time: int | None


@dataclass(frozen=True)
class Raise:
    """An exception passes through the span."""

    message: str


@dataclass(frozen=True)
class Start:
    """A span, and what happens while it is there."""

    name: str
    how: str  # "start", "with", "current", "decorator"
    parent: str  # "current", "root", "remote"
    remote: SpanContext
    scope: int
    kind: SpanKind
    attributes: dict[Any, Any] | None
    links: tuple[LinkTo, ...] | None
    start: int | None
    end: int | None
    record_exception: bool
    set_status: bool
    steps: list[Any] = field(default_factory=list)


TRACE_STATES = st.one_of(
    st.just(TraceState()),
    st.sampled_from([TraceState([("vendor", "1")]), TraceState([("b", "2"), ("a", "x:y")])]),
)
# Zero ids included: contexts that are not valid.
CONTEXTS = st.builds(
    SpanContext,
    trace_id=st.one_of(st.just(0), st.integers(1, (1 << 128) - 1)),
    span_id=st.one_of(st.just(0), st.integers(1, (1 << 64) - 1)),
    is_remote=st.booleans(),
    trace_flags=st.integers(0, 255).map(TraceFlags),
    trace_state=TRACE_STATES,
)
_MAYBE_ATTRIBUTES = st.one_of(st.none(), values.ATTRIBUTES, values.ODD_ATTRIBUTES)
LINKS = st.builds(LinkTo, CONTEXTS, _MAYBE_ATTRIBUTES)
STEPS = st.one_of(
    st.builds(Attributes, values.ODD_ATTRIBUTES, st.booleans()),
    st.builds(Event, values.CLEAN_TEXT, _MAYBE_ATTRIBUTES, TIMES),
    LINKS,
    st.builds(Rename, values.CLEAN_TEXT),
    st.builds(SetStatus, STATUSES, TEXT_OR_NONE, st.booleans(), TEXT_OR_NONE),
    st.builds(Exception_, values.CLEAN_TEXT, _MAYBE_ATTRIBUTES, TIMES, st.booleans()),
    st.builds(End, TIMES),
    st.builds(Raise, values.CLEAN_TEXT),
)


def _spans(steps: st.SearchStrategy[Any]) -> st.SearchStrategy[Start]:
    return st.builds(
        Start,
        name=values.CLEAN_TEXT,
        how=st.sampled_from(["start", "with", "current", "decorator"]),
        parent=st.sampled_from(["current", "current", "root", "remote"]),
        remote=CONTEXTS,
        scope=st.integers(0, 2),
        kind=st.sampled_from(list(SpanKind)),
        attributes=_MAYBE_ATTRIBUTES,
        links=st.one_of(st.none(), st.lists(LINKS, max_size=3).map(tuple)),
        start=TIMES,
        end=TIMES,
        record_exception=st.booleans(),
        set_status=st.booleans(),
        steps=st.lists(steps, max_size=5),
    )


PROGRAMS = st.lists(
    st.recursive(_spans(STEPS), lambda inner: _spans(st.one_of(STEPS, inner)), max_leaves=4),
    min_size=1,
    max_size=2,
)
