"""Runs the queries of generated boards on live backends: JSON and variables in, answers out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

_SECONDS = 10.0
_INTERVALS = {"__rate_interval": "1m", "__interval": "15s", "__range": "1h"}


@dataclass(frozen=True)
class Query:
    """A panel's query with its variables filled; `source` is prometheus, loki or jaeger, and
    `legend` how one of its series is called, with `{{label}}` for a label."""

    board: str
    panel: str
    source: str
    expression: str
    legend: str = ""


def queries(path: Path, variables: Mapping[str, str]) -> Iterator[Query]:
    """Yield every query of a generated board; KeyError names a variable without a value."""
    board = json.loads(path.read_text(encoding="utf-8"))
    for panel in board["panels"]:
        yield from of_panel(board["uid"], panel, variables)
    for mark in board["annotations"]["list"]:
        yield of_mark(board["uid"], mark, variables)


def of_panel(uid: str, panel: Mapping[str, Any], variables: Mapping[str, str]) -> list[Query]:
    """Return the queries of one panel of a board."""
    values, source = {**_INTERVALS, **variables}, panel["datasource"]["type"]
    return [
        Query(
            uid, panel["title"], source, fill(_expression(one), values), one.get("legendFormat", "")
        )
        for one in panel["targets"]
    ]


def of_mark(uid: str, mark: Mapping[str, Any], variables: Mapping[str, str]) -> Query:
    """Return the query of an annotation."""
    expression = fill(mark["expr"], {**_INTERVALS, **variables})
    return Query(uid, f"mark: {mark['name']}", "prometheus", expression, mark["titleFormat"])


def _expression(target: Mapping[str, Any]) -> str:
    """A query as one text. Jaeger's is the path and what it asks there (see `answer`)."""
    kind = target.get("queryType")
    if kind == "search":
        key, _, value = target["tags"].partition("=")
        tags = f'{{"{key}": {value}}}'
        return f"/api/traces?limit={target['limit']}&service={target['service']}&tags={tags}"
    return "/api/dependencies?" if kind == "dependencyGraph" else str(target["expr"])


def boards_queries(path: Path, given: Mapping[str, str]) -> Iterator[Query]:
    """Yield the queries of a board as a link opens it: what is not `given` is All.

    KeyError names a variable that is given and that the board has not.
    """
    board = json.loads(path.read_text(encoding="utf-8"))
    known = {one["name"] for one in board.get("templating", {}).get("list", [])}
    for name in given:
        if name not in known:
            raise KeyError(f"{path.stem} has no variable {name}")
    yield from queries(path, {**dict.fromkeys(known, ".+"), "route": ".*", **given})


def fill(expression: str, variables: Mapping[str, str]) -> str:
    """Replace `$name` by its value; KeyError names a variable without one."""
    return re.sub(r"\$(\w+)", lambda found: variables[found.group(1)], expression)


def answer(query: Query, urls: Mapping[str, str], seconds: int = 3600, step: int = 15) -> list[Any]:
    """Return the series, streams, traces or calls of the last `seconds`, as the store gives them.

    `urls` maps prometheus, loki and jaeger to their addresses, such as `http://127.0.0.1:9090`.
    requests.HTTPError where the store refuses the query.
    """
    now = time.time()
    if query.source == "jaeger":
        return _of_jaeger(query.expression, urls["jaeger"], now, seconds)
    if query.source == "loki":
        path, extra = "/loki/api/v1/query_range", {"limit": "200"}
    else:
        path, extra = "/api/v1/query_range", {"step": str(step)}
    parameters = {"query": query.expression, "start": str(int(now - seconds)), "end": str(int(now))}
    url = urls[query.source] + path
    got = requests.get(url, params={**parameters, **extra}, timeout=_SECONDS)
    got.raise_for_status()
    found: list[Any] = got.json()["data"]["result"]
    return found


def _of_jaeger(asked: str, url: str, now: float, seconds: int) -> list[Any]:
    path, _, query = asked.partition("?")
    parameters = dict(part.split("=", 1) for part in query.split("&") if part)
    if path == "/api/dependencies":
        parameters = {"endTs": str(int(now * 1000)), "lookback": f"{seconds}000"}
    got = requests.get(url + path, params=parameters, timeout=_SECONDS)
    got.raise_for_status()
    return list(got.json()["data"] or [])
