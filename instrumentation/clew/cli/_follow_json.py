"""What was found, as JSON for programs. Times in nanoseconds, durations in seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from clew.cli._follow_cause import Cause
from clew.cli._follow_explain import Explanation
from clew.cli._follow_gather import Found, Trace
from clew.cli._follow_usual import Slow
from clew.readers import CorrelationId, Span


def as_json(found: Found, why: Sequence[Explanation] = ()) -> str:
    """One object: id, kind, traces, log_lines, problems, notes.

    Each trace has causes (deepest first), slow, spans, log_lines and links.
    """
    why = why or [Explanation() for _ in found.traces]
    kind = "correlation_id" if isinstance(found.id, CorrelationId) else "trace_id"
    whole = {
        "id": found.id.value,
        "kind": kind,
        "traces": [_trace(*one) for one in zip(found.traces, why, strict=True)],
        "log_lines": [asdict(line) for line in found.loose_lines],
        "problems": list(found.problems),
        "notes": list(found.notes),
    }
    return json.dumps(whole, indent=2)


def _trace(trace: Trace, why: Explanation) -> dict[str, Any]:
    return {
        "trace_id": trace.trace_id,
        "causes": [_cause(one) for one in why.causes],
        "made_good": why.made_good,
        "slow": [_slow(one) for one in why.slow],
        "spans": [_span(span) for span in trace.spans],
        "log_lines": [asdict(line) for line in trace.lines],
        "links": [asdict(link) for link in trace.links],
    }


def _span(span: Span) -> dict[str, Any]:
    return {**asdict(span), "duration_s": span.duration_s}


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "service": cause.service,
        "span": cause.span.name if cause.span else None,
        "span_id": cause.span.span_id if cause.span else None,
        "exception": asdict(cause.problem) if cause.problem else None,
        "log_line": asdict(cause.line) if cause.line else None,
        "gave_up": cause.caller or None,
        "waited_s": None if cause.waited_ms is None else cause.waited_ms / 1000,
        "alike": cause.alike,
    }


def _slow(slow: Slow) -> dict[str, Any]:
    return {
        "service": slow.span.service,
        "span": slow.span.name,
        "span_id": slow.span.span_id,
        "duration_s": slow.span.duration_s,
        "usual_p95_s": slow.usual.p95_s,
        "usual_requests": slow.usual.requests,
        "waiting_s": slow.waiting_s,
    }
