"""What the backends hold of one service, read from their query APIs."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.chaos._stack import Stack
from benchmarks.outage._arrived import Arrived
from benchmarks.outage._load import Made

_PATH = re.compile(r"/items/(\d+)$")
_LINE = re.compile(r"item (\d+)$")
_SLICE = 5.0  # s of load that one query asks for
_MOST = 5_000  # Loki's max_entries_limit_per_query
_TIMEOUT = 20.0


class Stores:
    """Jaeger, Loki and Prometheus of a stack; of one service, from one moment to another.

    Times are seconds since the epoch. Jaeger keeps a span that comes twice once, and Loki a line
    of the same time and text: what is doubled on the way is not seen here.
    """

    def __init__(self, stack: Stack, service: str, begin: float, end: float) -> None:
        self._stack, self._service = stack, service
        self._begin, self._end = begin - 1, end + 1

    def holds(self, made: Sequence[Made]) -> bool:
        """Whether all of `made` is there. Asks the quickest first."""
        answered = [one.number for one in made if one.status]
        return (
            self.requests() >= len(answered)
            and len(self.lines()) >= len(answered)
            and len(self.spans()[0]) >= len(answered)
        )

    def arrived(self) -> Arrived:
        spans, copies = self.spans()
        return Arrived(
            spans=spans,
            lines=self.lines(),
            copies=copies,
            measured={(self._service,): self.requests()},
            dropped=self.dropped(),
        )

    def spans(self) -> tuple[Counter[int], int]:
        """Server spans by the request's number, and how many came twice."""
        seen: dict[str, int] = {}
        copies = 0
        for begin, end in self._slices():
            query = {
                "service": self._service,
                "start": str(int(begin * 1e6)),
                "end": str(int(end * 1e6)),
                "limit": str(_MOST),
            }
            answer = _get(self._stack.url("CLEW_JAEGER_QUERY_PORT") + "/api/traces", query)
            for span in (span for trace in answer.get("data") or [] for span in trace["spans"]):
                number = _number(span)
                if number is not None and begin * 1e6 <= span["startTime"] < end * 1e6:
                    copies += span["spanID"] in seen
                    seen[span["spanID"]] = number
        return Counter(seen.values()), copies

    def lines(self) -> Counter[int]:
        """Log lines by the request's number."""
        found: Counter[int] = Counter()
        for begin, end in self._slices():
            query = {
                "query": f'{{service_name="{self._service}"}} |~ "^item [0-9]+$"',
                "start": str(int(begin * 1e9)),
                "end": str(int(end * 1e9)),
                "limit": str(_MOST),
            }
            url = self._stack.url("CLEW_LOKI_PORT") + "/loki/api/v1/query_range"
            for stream in (_get(url, query).get("data") or {}).get("result", []):
                for _, line, *_ in stream["values"]:
                    number = _LINE.match(line)
                    if number:
                        found[int(number[1])] += 1
        return found

    def requests(self) -> int:
        """The request counter, over all processes of the service."""
        name = "http_server_request_duration_seconds_count"
        return int(sum(value for _, value in self._newest(name, 'http_route="/items/{number}"')))

    def dropped(self) -> dict[tuple[str, ...], int]:
        """What the service says it dropped: (process, signal, reason) → items."""
        return {
            (labels["service_instance_id"], labels["clew_signal"], labels["clew_reason"]): int(
                value
            )
            for labels, value in self._newest("clew_export_dropped_total", "")
        }

    def _newest(self, metric: str, more: str) -> list[tuple[dict[str, str], float]]:
        selector = ",".join(filter(None, (f'service_name="{self._service}"', more)))
        query = {"query": f"last_over_time({metric}{{{selector}}}[1h])"}
        answer = _get(self._stack.url("CLEW_PROMETHEUS_PORT") + "/api/v1/query", query)
        found = (answer.get("data") or {}).get("result", [])
        return [(one["metric"], float(one["value"][1])) for one in found]

    def _slices(self) -> Iterator[tuple[float, float]]:
        begin = self._begin
        while begin < self._end:
            yield begin, min(begin + _SLICE, self._end)
            begin += _SLICE


def _number(span: dict[str, Any]) -> int | None:
    tags = {tag["key"]: tag["value"] for tag in span["tags"]}
    match = _PATH.match(str(tags.get("url.path", "")))
    return int(match[1]) if match and tags.get("span.kind") == "server" else None


def _get(url: str, query: dict[str, str]) -> dict[str, Any]:
    """The answer; {} where the backend does not answer, or not yet."""
    try:
        with urllib.request.urlopen(
            f"{url}?{urllib.parse.urlencode(query)}", timeout=_TIMEOUT
        ) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, OSError, ValueError):
        return {}
