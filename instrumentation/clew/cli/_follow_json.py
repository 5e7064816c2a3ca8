"""What was found, as JSON for programs. Times in nanoseconds, durations in seconds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from clew.cli._follow_gather import Found, Trace
from clew.readers import CorrelationId, Span


def as_json(found: Found) -> str:
    """One object: id, kind, traces (spans, log_lines, links), log_lines, problems, notes."""
    kind = "correlation_id" if isinstance(found.id, CorrelationId) else "trace_id"
    whole = {
        "id": found.id.value,
        "kind": kind,
        "traces": [_trace(trace) for trace in found.traces],
        "log_lines": [asdict(line) for line in found.loose_lines],
        "problems": list(found.problems),
        "notes": list(found.notes),
    }
    return json.dumps(whole, indent=2)


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "trace_id": trace.trace_id,
        "spans": [_span(span) for span in trace.spans],
        "log_lines": [asdict(line) for line in trace.lines],
        "links": [asdict(link) for link in trace.links],
    }


def _span(span: Span) -> dict[str, Any]:
    return {**asdict(span), "duration_s": span.duration_s}
