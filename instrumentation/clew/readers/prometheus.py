"""Metrics, from Prometheus' query API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clew.readers._http import SHAPE_ERRORS, JsonClient
from clew.readers._model import Exemplar, Sample, Window
from clew.readers._quote import label_name, metric_name, quoted


@dataclass(frozen=True)
class PrometheusReader:
    """The metric side of a `Reader`."""

    client: JsonClient

    def samples(self, name: str, labels: Mapping[str, str]) -> tuple[Sample, ...]:
        """The newest value of each series with that name and those labels."""
        answer = self.client.get("/api/v1/query", {"query": selector(name, labels)})
        try:
            return tuple(_sample(series) for series in answer["data"]["result"])
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"samples of unknown shape ({error!r})") from error

    def exemplars(
        self, name: str, labels: Mapping[str, str], window: Window
    ) -> tuple[Exemplar, ...]:
        """Exemplars of those series, oldest first."""
        params = {
            "query": selector(name, labels),
            "start": f"{window.start_ns / 1e9:.3f}",
            "end": f"{window.end_ns / 1e9:.3f}",
        }
        answer = self.client.get("/api/v1/query_exemplars", params)
        try:
            found = [one for series in answer["data"] for one in _exemplars(series)]
        except SHAPE_ERRORS as error:
            raise self.client.refused(f"exemplars of unknown shape ({error!r})") from error
        return tuple(sorted(found, key=lambda one: one.time_ns))


def selector(name: str, labels: Mapping[str, str]) -> str:
    """The PromQL selector; ValueError for a name that can't be one."""
    matchers = [f"{label_name(key)}={quoted(value)}" for key, value in sorted(labels.items())]
    return f"{metric_name(name)}{{{','.join(matchers)}}}"


def _sample(series: dict[str, Any]) -> Sample:
    labels = dict(series["metric"])
    time_s, value = series["value"]
    name = labels.pop("__name__", "")
    return Sample(name=name, labels=labels, value=float(value), time_ns=_ns(time_s))


def _exemplars(series: dict[str, Any]) -> Iterator[Exemplar]:
    for one in series["exemplars"]:
        yield Exemplar(
            trace_id=one["labels"].get("trace_id", ""),
            span_id=one["labels"].get("span_id", ""),
            value=float(one["value"]),
            time_ns=_ns(one["timestamp"]),
            labels=dict(series["seriesLabels"]),
        )


def _ns(seconds: float) -> int:
    # Prometheus keeps milliseconds; more digits would be the rounding of a float.
    return round(float(seconds) * 1000) * 1_000_000
