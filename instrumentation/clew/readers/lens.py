"""The lens as one reader: traces, log lines and metrics from its query API (`/api/v1`).

The lens keeps OpenTelemetry's own names. Where the protocol asks by Prometheus' names, they are
made here from the instrument's name, unit and kind, as Prometheus' OTLP translation makes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from urllib.parse import quote

from clew.readers._http import SHAPE_ERRORS, JsonClient, Opener, open_url
from clew.readers._ids import CorrelationId, TraceId
from clew.readers._model import Event, Exemplar, Link, LogLine, RouteStats, Sample, Span, Window
from clew.readers._protocol import DEFAULT_LINES
from clew.readers._quote import label_name, metric_name

LENS_URL = "CLEW_LENS_URL"
DEFAULT_ADDRESS = "http://localhost:4319"

_UNITS = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "1": "ratio"}
_HISTOGRAM_PARTS = ("_bucket", "_count", "_sum")


@dataclass(frozen=True)
class LensReader:
    """Implements `Reader` over one lens. `token` is what the lens printed, if it asks for one."""

    client: JsonClient
    token: str = ""

    @classmethod
    def at(
        cls,
        address: str = DEFAULT_ADDRESS,
        *,
        token: str = "",
        timeout_s: float = 10.0,
        opener: Opener = open_url,
    ) -> LensReader:
        """A reader of the lens at that address. Asks nothing yet."""
        return cls(JsonClient("clew lens", address.rstrip("/"), LENS_URL, timeout_s, opener), token)

    @property
    def places(self) -> tuple[str, ...]:
        """The lens's name and address."""
        return (f"{self.client.backend} at {self.client.address}",)

    def trace_ids(self, correlation_id: CorrelationId, window: Window) -> tuple[str, ...]:
        """See `Reader.trace_ids`."""
        params = {"correlation_id": correlation_id.value, **_between(window)}
        return tuple(str(one) for one in self._list("/trace_ids", params, "trace_ids"))

    def trace(self, trace_id: TraceId) -> tuple[Span, ...]:
        """See `Reader.trace`."""
        found = self._list("/trace", {"id": trace_id.value}, "spans")
        try:
            spans = [_span(one) for one in found]
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"a trace of unknown shape ({error!r})") from error
        return tuple(sorted(spans, key=lambda span: (span.start_ns, span.span_id)))

    def log_lines(
        self, of: CorrelationId | TraceId, window: Window, limit: int = DEFAULT_LINES
    ) -> tuple[LogLine, ...]:
        """See `Reader.log_lines`."""
        name = "trace_id" if isinstance(of, TraceId) else "correlation_id"
        params = {name: of.value, "order": "oldest", "limit": str(limit), **_between(window)}
        found = self._list("/logs", params, "logs")
        try:
            lines = [_line(one) for one in found]
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"log lines of unknown shape ({error!r})") from error
        return tuple(sorted(lines, key=lambda line: line.time_ns))

    def samples(self, name: str, labels: Mapping[str, str]) -> tuple[Sample, ...]:
        """See `Reader.samples`."""
        _check(name, labels)
        found: list[Sample] = []
        try:
            for instrument in self._instruments(name):
                for point in self._list("/metrics/instant", {"name": instrument}, "points"):
                    found += [one for one in _samples(name, point) if _fits(one.labels, labels)]
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"samples of unknown shape ({error!r})") from error
        return tuple(found)

    def exemplars(
        self, name: str, labels: Mapping[str, str], window: Window
    ) -> tuple[Exemplar, ...]:
        """See `Reader.exemplars`."""
        _check(name, labels)
        found: list[Exemplar] = []
        try:
            for instrument in self._instruments(name):
                params = {"name": instrument, "limit": "5000", **_between(window)}
                for one in self._list("/metrics/exemplars", params, "exemplars"):
                    exemplar = _exemplar(one)
                    # `le` names a bucket, and an exemplar of the lens is of the whole histogram.
                    wanted = {key: value for key, value in labels.items() if key != "le"}
                    if _fits(exemplar.labels, wanted):
                        found.append(exemplar)
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"exemplars of unknown shape ({error!r})") from error
        return tuple(sorted(found, key=lambda one: one.time_ns))

    def routes(self, window: Window, service: str = "") -> tuple[RouteStats, ...]:
        """See `Reader.routes`. From spans: consumers and gRPC servers have their routes, too."""
        when = _between(window)
        try:
            names = [service] if service else [
                str(one["name"]) for one in self._list("/overview", when, "services")
            ]  # fmt: skip
            return tuple(
                _route(name, one, (window.end_ns - window.start_ns) / 1e9)
                for name in names
                for one in self._list("/routes", {"service": name, **when}, "routes")
            )
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"routes of unknown shape ({error!r})") from error

    def links(self, trace_id: TraceId) -> tuple[Link, ...]:
        """The lens's own page of the request."""
        return (Link("clew lens", f"{self.client.address}/follow/{quote(trace_id.value)}"),)

    def _instruments(self, name: str) -> list[str]:
        """Names of the instruments that Prometheus would have under `name`."""
        found = self._list("/metrics", {}, "metrics")
        return [str(one["name"]) for one in found if name in _prometheus_names(one)]

    def _list(self, path: str, params: Mapping[str, str], key: str) -> list[Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else None
        answer = self.client.get(f"/api/v1{path}", params, headers)
        if answer is None:
            return []
        try:
            return list(answer[key])
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"{path} of unknown shape ({error!r})") from error


def _check(name: str, labels: Mapping[str, str]) -> None:
    metric_name(name)
    for key in labels:
        label_name(key)


def _between(window: Window) -> dict[str, str]:
    return {"from": str(window.start_ns // 1000), "to": str(-(-window.end_ns // 1000))}


def _span(one: Mapping[str, Any]) -> Span:
    start_ns = int(one["time_ns"])
    kind = one["kind"].upper()
    return Span(
        trace_id=one["trace_id"],
        span_id=one["span_id"],
        parent_id=one["parent_id"],
        service=one["service"],
        name=one["name"],
        kind="INTERNAL" if kind == "UNSPECIFIED" else kind,
        start_ns=start_ns,
        end_ns=start_ns + int(one["duration_ns"]),
        status=one["status"].upper(),
        status_message=one["status_message"],
        attributes=dict(one["attributes"]),
        events=tuple(
            Event(int(event["time_ns"]), event["name"], dict(event["attributes"]))
            for event in one["events"]
        ),
    )


def _line(one: Mapping[str, Any]) -> LogLine:
    attributes = {_label(key): _text(value) for key, value in one["attributes"].items()}
    if one["stacktrace"]:
        attributes["exception_stacktrace"] = one["stacktrace"]
    attributes.pop("correlation_id", None)
    return LogLine(
        time_ns=int(one["time_ns"]),
        service=one["service"],
        severity=(one["severity_text"] or one["level"]).upper(),
        logger=one["logger"],
        message=one["message"],
        trace_id=one["trace_id"],
        span_id=one["span_id"],
        correlation_id=one["correlation_id"],
        attributes=attributes,
    )


def _route(service: str, one: Mapping[str, Any], window_s: float) -> RouteStats:
    def seconds(key: str) -> float | None:
        return None if one[key] is None else float(one[key]) / 1000

    return RouteStats(
        service,
        str(one["name"]),
        int(one["requests"]),
        int(one["errors"]),
        # Not the lens's own rate, which is rounded for its page.
        int(one["requests"]) / max(window_s, 1.0),
        seconds("p50_ms"),
        seconds("p95_ms"),
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _label(name: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in name)


def _labels(found: Mapping[str, str]) -> dict[str, str]:
    renamed = {_label(key): value for key, value in found.items() if key != "service"}
    return {"service_name": found["service"], **renamed}


def _fits(found: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(found.get(key, "") == value for key, value in wanted.items())


def _prometheus_names(instrument: Mapping[str, Any]) -> set[str]:
    """What Prometheus would call the instrument's series."""
    kind = instrument["kind"]
    unit = instrument["unit"]
    base = _label(instrument["name"])
    word = "" if unit.startswith("{") else _UNITS.get(unit, _label(unit))
    if word and not (word == "ratio" and kind != "gauge") and not base.endswith(f"_{word}"):
        base = f"{base}_{word}"
    if kind == "histogram":
        return {base + part for part in _HISTOGRAM_PARTS}
    if kind == "sum" and instrument["monotonic"]:
        return {base if base.endswith("_total") else f"{base}_total"}
    return {base}


def _samples(name: str, point: Mapping[str, Any]) -> Iterator[Sample]:
    labels, time_ns = _labels(point["labels"]), int(point["time_ns"])
    if point["kind"] != "histogram":
        yield Sample(name, labels, float(point["value"]), time_ns)
    elif name.endswith("_count"):
        yield Sample(name, labels, float(point["count"]), time_ns)
    elif name.endswith("_sum"):
        yield Sample(name, labels, float(point["sum"]), time_ns)
    else:
        bounds = [*point["bounds"], math.inf]
        for bound, count in zip(bounds, accumulate(point["buckets"]), strict=False):
            le = "+Inf" if bound == math.inf else f"{bound:g}"
            yield Sample(name, {**labels, "le": le}, float(count), time_ns)


def _exemplar(one: Mapping[str, Any]) -> Exemplar:
    return Exemplar(
        trace_id=one["trace_id"],
        span_id=one["span_id"],
        value=float(one["value"]),
        time_ns=int(one["time_ns"]),
        labels=_labels(one["labels"]),
    )
