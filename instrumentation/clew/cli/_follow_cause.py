"""Why a request failed: the deepest failures first, each with where, what and which log line.

A failed span whose descendants failed too only passes their failure on. A call that failed because
the called service refused, or took too long, leads on into that service: there is the cause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from clew import _names
from clew.cli import _follow_tree as tree
from clew.cli._follow_family import MOST, Family
from clew.cli._follow_gather import Trace
from clew.cli._follow_tree import Problem
from clew.readers import LogLine, Span

MAX_CAUSES = 3
"""How many different failures are told; the waterfall shows all."""

_ACCEPTED = 202
"""An answer that promises, and says nothing of how it will end (RFC 9110, section 15.3.3)."""

_LEVELS = {"WARNING": 1, "WARN": 1, "ERROR": 2, "CRITICAL": 3, "FATAL": 3}
_CALLS = ("CLIENT", "PRODUCER")
_GRPC_STATUS = "rpc.grpc.status_code"
_RPC_STATUS = "rpc.response.status_code"


@dataclass(frozen=True)
class Cause:
    """One failure.

    `span` is None where a log line outside of any span tells of it. `waited_ms` is set where a
    caller gave up: how long it had waited, and `caller` is its service. `alike` counts further
    failures of the same kind. `depth` is how deep the span stands in its trace.
    """

    service: str
    span: Span | None
    problem: Problem | None
    line: LogLine | None
    caller: str = ""
    waited_ms: float | None = None
    alike: int = 0
    depth: int = 0


def causes(trace: Trace) -> tuple[Cause, ...]:
    """What went wrong in that trace, the deepest first; nothing where nothing did."""
    view = _View(trace)
    found = [view.cause(span) for span in view.leaves()]
    if not found:
        found = [view.refusal(span) for span in view.refused()]
    if not found:
        found = [view.of_line(line) for line in trace.lines if _LEVELS.get(line.severity, 0) >= 2]
    found.sort(key=lambda one: (-one.depth, _began(one)))
    return tuple(_grouped(found))


def made_good(trace: Trace) -> bool:
    """Whether the request was answered well in spite of what failed on its way."""
    # Without a root the trace isn't whole, and nobody can say how it ended.
    roots = [span for span in trace.spans if not span.parent_id or span.kind == "SERVER"]
    first = min(roots, key=lambda span: span.start_ns, default=None)
    if first is None or first.status == "ERROR":
        return False
    return _code(first) < 400 and _code(first) != _ACCEPTED


class _View:
    """One trace, and what is to be seen of its failures."""

    def __init__(self, trace: Trace) -> None:
        self._lines = trace.lines
        self._family = Family(trace)

    def leaves(self) -> list[Span]:
        """Failed spans beneath which nothing failed."""
        return self._family.lowest([one for one in self._family.spans if self._failed(one)])

    def _failed(self, span: Span) -> bool:
        """Whether its status says so; or it tells of an exception beneath one that failed.

        Servers of gRPC record the exception and leave the status as it was.
        """
        if span.status == "ERROR":
            return True
        if not any(event.name == _names.EXCEPTION_EVENT for event in span.events):
            return False
        return any(above.status == "ERROR" for above in self._family.above(span))

    def refused(self) -> list[Span]:
        """Requests answered with 400 or more, which is no error of the server's span."""
        spans = self._family.spans
        return self._family.lowest([s for s in spans if s.kind == "SERVER" and _code(s) >= 400])

    def cause(self, leaf: Span) -> Cause:
        """The failure that `leaf` tells of, in the service where it came about."""
        callee = self._callee(leaf)
        if callee is None:
            return self._of(leaf, leaf)
        if _code(callee) >= 400 or _same_rpc(leaf, callee):
            return self._of(callee, leaf)
        slow = self._family.slowest(callee)
        waited = leaf.duration_s * 1000
        return replace(self._of(slow, leaf), caller=leaf.service, waited_ms=waited)

    def refusal(self, span: Span) -> Cause:
        """The refusal with which `span` ended."""
        return self._of(span, span)

    def of_line(self, line: LogLine) -> Cause:
        """The failure that only a log line tells of."""
        span, depth = self._family.get(line.span_id), self._family.depth(line.span_id)
        return Cause(line.service, span, tree.problem(line), line, depth=depth)

    def _of(self, place: Span, failed: Span) -> Cause:
        problem = tree.problem(place) or tree.problem(failed)
        line = self._line(place) or self._line(failed)
        depth = self._family.depth(place.span_id)
        return Cause(place.service, place, problem, line, depth=depth)

    def _callee(self, call: Span) -> Span | None:
        """The span on the other side of a failed call, where the failure came from there."""
        if call.kind not in _CALLS:
            return None
        for child in self._family.children(call):
            refused = _code(child) >= 400 and _code(child) == _code(call)
            # Who had an answer did not give up.
            slow = not _code(call) and (
                child.end_ns > call.end_ns or child.duration_s >= MOST * call.duration_s
            )
            if child.kind == "SERVER" and (refused or _same_rpc(call, child) or slow):
                return child
        return None

    def _line(self, span: Span) -> LogLine | None:
        """The line that tells most of that span; else of the nearest above that has one."""
        found = (self._worst(one) for one in (span, *self._family.above(span)))
        return next((line for line in found if line is not None), None)

    def _worst(self, span: Span) -> LogLine | None:
        """The worst line of that very span, of equals the first."""
        own = [line for line in self._lines if line.span_id == span.span_id]
        bad = [line for line in own if _LEVELS.get(line.severity)]
        # An access line repeats what the span itself says.
        bad = [line for line in bad if line.logger != _names.ACCESS_LOGGER] or bad
        return max(bad, key=lambda line: (_LEVELS[line.severity], -line.time_ns), default=None)


def _grouped(found: list[Cause]) -> list[Cause]:
    """One for each kind of failure: the first, which counts the others."""
    kinds: dict[object, Cause] = {}
    for one in found:
        problem = (one.problem.type, one.problem.message) if one.problem else None
        # Without an exception, what was logged is all that tells one failure from another.
        line = one.line.message if one.line and not problem else ""
        kind = (one.service, one.span.name if one.span else "", problem, line)
        known = kinds.get(kind)
        kinds[kind] = replace(known, alike=known.alike + 1) if known else one
    return list(kinds.values())


def _began(cause: Cause) -> int:
    if cause.span is not None:
        return cause.span.start_ns
    return cause.line.time_ns if cause.line else 0


def _code(span: Span) -> int:
    code = span.attributes.get(_names.HTTP_RESPONSE_STATUS_CODE)
    return code if isinstance(code, int) else 0


def _same_rpc(call: Span, served: Span) -> bool:
    """Whether both sides of an RPC ended with the same status, and no good one."""
    for key in (_GRPC_STATUS, _RPC_STATUS):
        status = call.attributes.get(key)
        if status not in (None, 0, "OK") and served.attributes.get(key) == status:
            return True
    return False
