"""Where an alert leads: each link and each query in it and in its runbook is asked."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from alerts import runbook
from alerts.drill._world import World, now
from dashboards.live import answer, boards_queries
from demo_services._processes import ROOT

_DATA_S = 30.0
_COMMAND_S = 30.0


@dataclass
class Found:
    """What the links of one alert led to. `answers` are (steps from the alert, text) to look for
    the cause in."""

    panels: str = ""
    lines: int | None = None
    traces: int | None = None
    problems: list[str] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)


def follow(world: World, alert: Any) -> Found:
    """Open what the alert's annotations and its runbook name."""
    notes, found = alert["annotations"], Found()
    found.problems += [text for text in notes.values() if "{{" in text or "<no value>" in text]
    _board(world, notes["dashboard"], found)
    _runbook(world, alert, found)
    if "logs_query" in notes:
        if _explored(notes["logs"]) != notes["logs_query"]:
            found.problems.append("its link to logs and its query differ")
        lines = until(lambda: log_lines(world, notes["logs_query"]))
        found.lines = len(lines)
        found.answers += [(1, line) for line, _ in lines]
        found.problems += [] if lines else ["its logs are empty"]
        for _, labels in _first_of_each(lines, "correlation_id"):
            query = f'{{service_name=~".+"}} | correlation_id="{labels["correlation_id"]}"'
            found.answers += [(2, line) for line, _ in log_lines(world, query)]
    if "traces" in notes:
        traces = until(lambda: _traces(world, notes["traces"]))
        found.traces = len(traces)
        found.problems += [] if traces else ["it has no trace"]
        found.answers += [(2, json.dumps(trace)) for trace in traces]
        for trace in traces[:5]:
            query = f'{{service_name=~".+"}} | trace_id="{trace["traceID"]}"'
            found.answers += [(3, line) for line, _ in log_lines(world, query)]
    return found


def until(ask: Callable[[], list[Any]]) -> list[Any]:
    """What `ask` returns, asked again until it is something or time is up."""
    deadline = now() + _DATA_S
    while not (found := ask()) and now() < deadline:
        time.sleep(1)
    return found


def log_lines(world: World, logql: str) -> list[tuple[str, dict[str, str]]]:
    """(a line with all that belongs to it as text, its labels), the newest first.

    Of a count of lines, its values.
    """
    found = world.get("CLEW_LOKI_PORT", "/loki/api/v1/query_range", query=logql, since="30m")
    lines = []
    for stream in found["data"]["result"] if found else []:
        labels = stream.get("stream") or stream["metric"]
        lines += [(f"{line} {json.dumps(labels)}", labels) for _, line in stream["values"]]
    return lines


def _first_of_each(
    lines: list[tuple[str, dict[str, str]]], label: str, most: int = 5
) -> list[tuple[str, dict[str, str]]]:
    seen: dict[str, tuple[str, dict[str, str]]] = {}
    for line in lines:
        if line[1].get(label):
            seen.setdefault(line[1][label], line)
    return list(seen.values())[:most]


def _board(world: World, link: str, found: Found) -> None:
    address = urllib.parse.urlsplit(link)
    file = ROOT / "dashboards/generated" / f"{address.path.rpartition('/')[2]}.json"
    given = {
        name.removeprefix("var-"): values[0]
        for name, values in urllib.parse.parse_qs(address.query).items()
        if name.startswith("var-")
    }
    full = total = 0
    try:
        for query in boards_queries(file, given):
            total += 1
            full += bool(answer(query, world.urls))
    except (OSError, KeyError, requests.RequestException) as error:
        found.problems.append(f"its board: {error}")
    found.panels = f"{full}/{total}"
    if not full:
        found.problems.append("its board is empty")


def _runbook(world: World, alert: Any, found: Found) -> None:
    try:
        urllib.request.urlopen(alert["annotations"]["runbook_url"], timeout=10).close()
    except OSError as error:
        found.problems.append(f"its runbook: {error}")
    for step in runbook.steps(alert["labels"]["alertname"]):
        try:
            step = step.filled(alert["labels"])
        except KeyError as error:
            found.problems.append(f"its runbook asks for the label {error}")
            continue
        answers = list(_asked(world, step))
        if not answers and not step.may_be_empty:
            found.problems.append(f"its runbook's query leads to nothing: {step.text}")
        found.answers += [(2, text) for text in answers]


def _asked(world: World, step: runbook.Step) -> Iterator[str]:
    if step.kind == "sh":
        done = subprocess.run(
            step.text, shell=True, cwd=ROOT, env=world.tools, capture_output=True, text=True,
            timeout=_COMMAND_S, check=False,
        )  # fmt: skip
        yield from (done.stdout + done.stderr).splitlines()
    elif step.kind == "promql":
        got = world.get("CLEW_PROMETHEUS_PORT", "/api/v1/query", query=step.text)
        yield from (json.dumps(one) for one in (got["data"]["result"] if got else []))
    else:
        yield from (line for line, _ in log_lines(world, step.text))


def _explored(link: str) -> str:
    """The query in a link to Grafana's Explore."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
    panes = json.loads(query["panes"][0])
    return str(panes["clew"]["queries"][0]["expr"])


def _traces(world: World, link: str) -> list[Any]:
    """The search that the link opens, asked of Jaeger's API."""
    query = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(link).query).items()}
    found = world.get("CLEW_JAEGER_QUERY_PORT", "/api/traces", **query)
    return list(found.get("data") or []) if found else []
