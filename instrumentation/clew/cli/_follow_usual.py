"""What was slow: each request against what is usual for its route."""

from __future__ import annotations

from dataclasses import dataclass

from clew.cli._follow_family import Family
from clew.cli._follow_gather import Trace
from clew.readers import Reader, ReaderError, RouteStats, Span, Window

BEFORE_S = 3600.0
"""The usual is what the hour before the request was like: the request itself is no part of it."""

LEAST_REQUESTS = 20
"""With fewer, a 95th percentile says little: nothing is called slow by it."""

_TIMES = 1.5
"""How much longer than the usual 95 % a request must take to be called slow."""

_LEAST_NS = 1_000_000
"""A millisecond more or less is nobody's trouble."""


@dataclass(frozen=True)
class Slow:
    """A span that took longer than is usual; `waiting_s` of it for slow ones beneath."""

    span: Span
    usual: RouteStats
    waiting_s: float

    @property
    def of_its_own(self) -> bool:
        """Whether most of the time was its own, and not that of another slow one beneath."""
        return self.waiting_s < self.span.duration_s / 2


def slow(reader: Reader, trace: Trace) -> tuple[Slow, ...]:
    """Its slow requests, the deepest first. Nothing where the store of metrics doesn't answer.

    What is usual is extra: that it is missing must not spoil the timeline.
    """
    entries = [span for span in trace.spans if span.kind in ("SERVER", "CONSUMER")]
    if not entries:
        return ()
    window = Window.back_from(min(span.start_ns for span in entries) - 1, BEFORE_S)
    try:
        usual = {
            (route.service, route.name): route
            for service in sorted({span.service for span in entries})
            for route in reader.routes(window, service)
        }
    except ReaderError:
        return ()
    found = {
        span.span_id: (span, route)
        for span in entries
        if (route := usual.get((span.service, span.name))) and _is_slow(span, route)
    }
    family = Family(trace)
    ids = set(found)
    result = [Slow(span, route, _beneath(span, family, ids)) for span, route in found.values()]
    result.sort(key=lambda one: (-family.depth(one.span.span_id), one.span.start_ns))
    return tuple(result)


def _is_slow(span: Span, route: RouteStats) -> bool:
    if route.p95_s is None or route.requests < LEAST_REQUESTS:
        return False
    usual_ns = route.p95_s * 1e9
    return span.end_ns - span.start_ns > max(usual_ns * _TIMES, usual_ns + _LEAST_NS)


def _beneath(span: Span, family: Family, slow_ids: set[str]) -> float:
    """Seconds of `span` in the slow ones nearest beneath it."""
    total = 0.0
    for one in family.spans:
        if one.span_id not in slow_ids or one.span_id == span.span_id:
            continue
        nearest = next((up for up in family.above(one) if up.span_id in slow_ids), None)
        if nearest is not None and nearest.span_id == span.span_id:
            total += one.duration_s
    return total
