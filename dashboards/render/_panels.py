"""Each kind of panel as HTML, from its queries' answers."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.live import Query
from dashboards.render._chart import COLOURS, Line, Mark, Span, chart
from dashboards.render._values import clock, named, spelled

Answers = Sequence[tuple[Query, list[Any]]]
_MOST_ROWS, _MOST_LEGENDS = 60, 8
_LEVELS = {"ERROR": "#f2495c", "FATAL": "#f2495c", "WARN": "#ff9830", "WARNING": "#ff9830"}


def body(
    panel: Mapping[str, Any], answers: Answers, marks: Sequence[Mark], span: Span, size: Any
) -> str:
    """What stands in the panel's frame. `size` is (width, height) in pixels."""
    unit = panel["fieldConfig"]["defaults"].get("unit", "short")
    if not any(found for _, found in answers):
        return '<div class="empty">no data</div>'
    if panel["type"] == "timeseries":
        return _series(answers, marks, span, unit, *size)
    if panel["type"] == "stat":
        return _stats(answers, unit, panel["fieldConfig"]["defaults"].get("thresholds"))
    if panel["type"] == "logs":
        return _logs(answers)
    if panel["type"] == "nodeGraph":
        return _calls(answers)
    return _table(answers, unit)


def lines_of(answers: Answers) -> list[Line]:
    """Every series of the answers, the largest first."""
    found = [
        Line(named(one["metric"], query.legend), [(float(t), float(v)) for t, v in one["values"]])
        for query, ones in answers
        for one in ones
    ]
    return sorted(found, key=lambda line: -max((v for _, v in line.points if v == v), default=0))


def _series(
    answers: Answers, marks: Sequence[Mark], span: Span, unit: str, width: int, height: int
) -> str:
    lines = lines_of(answers)
    legend = "".join(
        f'<span><i style="background:{COLOURS[number % len(COLOURS)]}"></i>'
        f"{html.escape(line.name)} <b>{spelled(line.points[-1][1], unit)}</b></span>"
        for number, line in enumerate(lines[:_MOST_LEGENDS])
    )
    more = len(lines) - _MOST_LEGENDS
    legend += f"<span>and {more} more</span>" if more > 0 else ""
    picture = chart(lines, marks, span, unit, width - 16, height - 74)
    return f'{picture}<div class="legend">{legend}</div>'


def _stats(answers: Answers, unit: str, thresholds: Mapping[str, Any] | None) -> str:
    cells = []
    low_is_bad = bool(thresholds) and (thresholds or {})["steps"][0]["color"] == "red"
    now = sorted(_now(lines_of(answers)), key=lambda line: line.points[-1][1])
    for line in now if low_is_bad else reversed(now):
        value = line.points[-1][1]
        colour = _colour(value, thresholds)
        cells.append(
            f'<div class="stat" style="color:{colour}"><b>{spelled(value, unit)}</b>'
            f"<span>{html.escape(line.name)}</span></div>"
        )
    return f'<div class="stats">{"".join(cells)}</div>'


def _now(lines: list[Line]) -> list[Line]:
    """Those that go on until now."""
    newest = max(line.points[-1][0] for line in lines)
    return [line for line in lines if line.points[-1][0] >= newest - 30]


def _colour(value: float, thresholds: Mapping[str, Any] | None) -> str:
    colour = "green"
    for step in (thresholds or {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c"}.get(colour, colour)


def _table(answers: Answers, unit: str) -> str:
    rows: list[dict[str, str]] = []
    for query, found in answers:
        if query.source == "jaeger":
            rows += [_trace(one) for one in found]
            continue
        newest = max(float(one["values"][-1][0]) for one in found) if found else 0
        for one in found:
            at, value = one["values"][-1]
            if float(at) >= newest - 30:
                labels = {k: v for k, v in one["metric"].items() if k != "__name__"}
                rows.append({**labels, "value": spelled(float(value), unit)})
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(row.get(name, ''))}</td>" for name in names) + "</tr>"
        for row in sorted(rows, key=lambda row: row.get("severity", ""))[:_MOST_ROWS]
    )
    return f"<table><tr>{head}</tr>{cells}</table>"


def _trace(trace: Mapping[str, Any]) -> dict[str, str]:
    spans = trace["spans"]
    first = min(spans, key=lambda span: span["startTime"])
    end = max(span["startTime"] + span["duration"] for span in spans)
    return {
        "trace": trace["traceID"],
        "begins with": first["operationName"],
        "at": clock(first["startTime"] / 1e6),
        "took": spelled((end - first["startTime"]) / 1e6, "s"),
        "spans": str(len(spans)),
        "services": str(len(trace["processes"])),
    }


def _calls(answers: Answers) -> str:
    calls = sorted((one for _, found in answers for one in found), key=lambda c: -c["callCount"])
    rows = "".join(
        f"<tr><td>{html.escape(one['parent'])}</td><td>→ {html.escape(one['child'])}</td>"
        f"<td>{one['callCount']} calls</td></tr>"
        for one in calls
    )
    return f"<table>{rows}</table>"


def _logs(answers: Answers) -> str:
    lines = sorted(
        (
            (int(at), line, stream["stream"])
            for _, found in answers
            for stream in found
            for at, line in stream["values"]
        ),
        key=lambda line: -line[0],
    )
    rows = "".join(
        f'<div class="log" style="border-color:'
        f'{_LEVELS.get(labels.get("severity_text", ""), "#5794f2")}">'
        f"<i>{clock(at / 1e9)}</i> <b>{html.escape(labels.get('service_name', ''))}</b> "
        f"{html.escape(_text(line))}</div>"
        for at, line, labels in lines[:_MOST_ROWS]
    )
    return f'<div class="logs">{rows}</div>'


def _text(line: str) -> str:
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line
