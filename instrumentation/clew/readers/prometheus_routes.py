"""How each route did, from the request histogram in Prometheus.

Counts are what `increase` makes of them: it extrapolates to the ends of the window, so they are
rounded; and a series that began inside the window lacks its first sample.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from clew import _names
from clew.readers._http import SHAPE_ERRORS, JsonClient
from clew.readers._model import RouteStats, Window
from clew.readers._quote import quoted

_HISTOGRAM = f"{_names.HTTP_SERVER_REQUEST_DURATION.replace('.', '_')}_seconds"
_SERVICE, _METHOD, _ROUTE, _STATUS = (
    name.replace(".", "_")
    for name in (
        _names.SERVICE_NAME,
        _names.HTTP_REQUEST_METHOD,
        _names.HTTP_ROUTE,
        _names.HTTP_RESPONSE_STATUS_CODE,
    )
)
_BY = f"{_SERVICE}, {_METHOD}, {_ROUTE}"

Key = tuple[str, str]
"""Service, and the name of the route's spans."""


def routes(client: JsonClient, window: Window, service: str) -> tuple[RouteStats, ...]:
    """One entry for each route that was asked for, in the order of their names."""
    wanted = f"{_SERVICE}={quoted(service)}" if service else ""
    seconds = max(1, math.ceil((window.end_ns - window.start_ns) / 1e9))
    time = f"{window.end_ns / 1e9:.3f}"

    def ask(query: str) -> dict[Key, float]:
        return _values(client, query, time)

    counts = ask(_counted(wanted, seconds))
    failed = ask(_counted(f'{wanted}{"," if wanted else ""}{_STATUS}=~"5.."', seconds))
    p50, p95 = (ask(_quantile(share, wanted, seconds)) for share in (0.5, 0.95))
    return tuple(
        RouteStats(
            *key,
            requests=round(count),
            errors=min(round(failed.get(key, 0.0)), round(count)),
            rate=count / seconds,
            p50_s=p50.get(key),
            p95_s=p95.get(key),
        )
        for key, count in sorted(counts.items())
        if count > 0
    )


def _counted(selector: str, seconds: int) -> str:
    return f"sum by ({_BY}) (increase({_HISTOGRAM}_count{{{selector}}}[{seconds}s]))"


def _quantile(share: float, selector: str, seconds: int) -> str:
    buckets = f"increase({_HISTOGRAM}_bucket{{{selector}}}[{seconds}s])"
    return f"histogram_quantile({share}, sum by ({_BY}, le) ({buckets}))"


def _values(client: JsonClient, query: str, time: str) -> dict[Key, float]:
    answer = client.get("/api/v1/query", {"query": query, "time": time})
    try:
        found = {
            _key(series["metric"]): float(series["value"][1]) for series in answer["data"]["result"]
        }
    except SHAPE_ERRORS as error:
        raise client.refused(f"routes of unknown shape ({error!r})") from error
    return {key: value for key, value in found.items() if math.isfinite(value)}


def _key(labels: Mapping[str, Any]) -> Key:
    # The name that a server span has by the HTTP convention: without a route, the method alone.
    name = f"{labels.get(_METHOD, '')} {labels.get(_ROUTE, '')}".strip()
    return str(labels.get(_SERVICE, "unknown_service")), name
