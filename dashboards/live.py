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
    """A panel's query with its variables filled; `source` is prometheus or loki."""

    board: str
    panel: str
    source: str
    expression: str


def queries(path: Path, variables: Mapping[str, str]) -> Iterator[Query]:
    """Yield every query of a generated board; KeyError names a variable without a value."""
    board = json.loads(path.read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            expression = fill(target["expr"], {**_INTERVALS, **variables})
            yield Query(board["uid"], panel["title"], panel["datasource"]["type"], expression)


def fill(expression: str, variables: Mapping[str, str]) -> str:
    """Replace `$name` by its value; KeyError names a variable without one."""
    return re.sub(r"\$(\w+)", lambda found: variables[found.group(1)], expression)


def answer(query: Query, urls: Mapping[str, str]) -> list[Any]:
    """Return the series or streams of the last hour; requests.HTTPError where it is refused.

    `urls` maps prometheus and loki to their addresses, such as `http://127.0.0.1:9090`.
    """
    if query.source == "loki":
        path, extra = "/loki/api/v1/query_range", {"limit": "200"}
    else:
        path, extra = "/api/v1/query_range", {"step": "15"}
    now = time.time()
    parameters = {"query": query.expression, "start": str(int(now - 3600)), "end": str(int(now))}
    url = urls[query.source] + path
    got = requests.get(url, params={**parameters, **extra}, timeout=_SECONDS)
    got.raise_for_status()
    found: list[Any] = got.json()["data"]["result"]
    return found
