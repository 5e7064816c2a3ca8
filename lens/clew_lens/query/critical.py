"""The critical path: which span's own work the end of a trace was waiting for, at each moment.

Walk back from a span's end: the child that ended last before that point is what it waited for;
time that no child covers is the span's own. Source: the method of Jaeger's trace view.
"""

from __future__ import annotations

from typing import Any

Segment = dict[str, Any]


def critical_path(spans: list[dict[str, Any]]) -> list[Segment]:
    """Segments `{span_id, start_us, end_us}` in order of time, from the longest root span."""
    ids = {span["span_id"] for span in spans}
    children: dict[str, list[dict[str, Any]]] = {}
    roots = []
    for span in spans:
        if span["parent_id"] in ids and span["parent_id"] != span["span_id"]:
            children.setdefault(span["parent_id"], []).append(span)
        else:
            roots.append(span)
    if not roots:
        return []
    for group in children.values():
        group.sort(key=_end, reverse=True)
    root = max(roots, key=lambda span: span["duration_ms"])
    segments = _walk(root, children)
    segments.reverse()
    return segments


def _end(span: dict[str, Any]) -> float:
    return float(span["time_us"] + span["duration_ms"] * 1000)


def _walk(root: dict[str, Any], children: dict[str, list[dict[str, Any]]]) -> list[Segment]:
    """Latest segment first. A stack instead of recursion: a trace can be thousands deep."""
    segments: list[Segment] = []
    # Each entry: the span, the moment up to which it is on the path, children not yet looked at,
    # and the moment before which nothing of it counts (its caller's own limit).
    stack: list[list[Any]] = [[root, _end(root), iter(children.get(root["span_id"], ())), 0.0]]
    seen = {root["span_id"]}
    while stack:
        span, until, rest, floor = entry = stack[-1]
        start = max(span["time_us"], floor)
        child = next(rest, None)
        if child is None:
            _segment(segments, span, start, until)
            stack.pop()
            continue
        end = _end(child)
        if child["span_id"] in seen or end > until or end <= start:
            continue  # it went on after the path left it, or before the span began
        seen.add(child["span_id"])
        _segment(segments, span, end, until)
        entry[1] = max(child["time_us"], start)
        stack.append([child, end, iter(children.get(child["span_id"], ())), start])
    return segments


def _segment(segments: list[Segment], span: dict[str, Any], start: float, end: float) -> None:
    if end > start:
        segments.append({"span_id": span["span_id"], "start_us": int(start), "end_us": int(end)})
