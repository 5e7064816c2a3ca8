"""What arrived, by the number of the request that it is of."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.outage._endpoint import Request

DURATION = "http.server.request.duration"
DROPPED = "clew.export.dropped"
_SERVER = 2  # SPAN_KIND_SERVER
_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes, "gzip": gzip.decompress, "deflate": zlib.decompress,
}  # fmt: skip
_PATH = re.compile(r"/items/(\d+)$")
_LINE = re.compile(r"item (\d+)$")
Series = tuple[str, ...]


@dataclass
class Arrived:
    """Server spans and log lines by the request's number, and the newest of each sum.

    `copies` counts spans whose id had come before. `starts` has each series' start times: one,
    unless a sum began anew.
    """

    spans: Counter[int] = field(default_factory=Counter)
    lines: Counter[int] = field(default_factory=Counter)
    copies: int = 0
    measured: dict[Series, int] = field(default_factory=dict)
    dropped: dict[Series, int] = field(default_factory=dict)
    starts: dict[Series, set[int]] = field(default_factory=dict)
    _seen: set[bytes] = field(default_factory=set)

    @property
    def requests(self) -> int:
        """What the request counter has counted, over all processes."""
        return sum(self.measured.values())

    @property
    def copied_lines(self) -> int:
        return sum(count - 1 for count in self.lines.values())

    def dropped_by_reason(self) -> dict[str, int]:
        """{"signal reason": items} that the services say they dropped; zeros left out."""
        found: Counter[str] = Counter()
        for series, items in self.dropped.items():
            found[" ".join(series[1:])] += items
        return {what: items for what, items in sorted(found.items()) if items}

    def add(self, request: Request) -> None:
        """Count one request's content."""
        body = _DECOMPRESS[request.encoding](request.body)
        getattr(self, f"_add_{request.signal}")(body)

    def _add_traces(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    path = _attributes(span.attributes).get("url.path", "")
                    number = _PATH.search(path)
                    if span.kind != _SERVER or number is None:
                        continue
                    if span.span_id in self._seen:
                        self.copies += 1
                        continue
                    self._seen.add(span.span_id)
                    self.spans[int(number[1])] += 1

    def _add_logs(self, body: bytes) -> None:
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    number = _LINE.match(record.body.string_value)
                    if number is not None:
                        self.lines[int(number[1])] += 1

    def _add_metrics(self, body: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            process = _attributes(resource.resource.attributes).get("service.instance.id", "")
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    if metric.name == DURATION:
                        for point in metric.histogram.data_points:
                            self._add_point(process, point)
                    elif metric.name == DROPPED:
                        for point in metric.sum.data_points:
                            self._add_drop(process, point)

    def _add_point(self, process: str, point: Any) -> None:
        pairs = _attributes(point.attributes)
        if not pairs.get("http.route", "").startswith("/items/"):
            return
        series = (process, *(f"{key}={value}" for key, value in sorted(pairs.items())))
        # Cumulative: an older export that comes later must not count.
        self.measured[series] = max(self.measured.get(series, 0), point.count)
        self.starts.setdefault(series, set()).add(point.start_time_unix_nano)

    def _add_drop(self, process: str, point: Any) -> None:
        pairs = _attributes(point.attributes)
        series = (process, pairs.get("clew.signal", ""), pairs.get("clew.reason", ""))
        self.dropped[series] = max(
            self.dropped.get(series, 0), point.as_int or int(point.as_double)
        )


def arrived(requests: Iterable[Request]) -> Arrived:
    """What `requests` held."""
    found = Arrived()
    for request in requests:
        found.add(request)
    return found


def _attributes(pairs: Any) -> Mapping[str, str]:
    return {
        pair.key: str(getattr(pair.value, pair.value.WhichOneof("value") or "string_value"))
        for pair in pairs
    }
