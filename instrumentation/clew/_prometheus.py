"""prometheus_client, both ways: clew's metrics on its `/metrics`, its metrics on clew's export.

A service that has counters of prometheus_client keeps them: they leave by the same OTLP push. And
where Prometheus scrapes (`OTEL_METRICS_EXPORTER=otlp,prometheus`), clew's metrics are in the same
registry. Needs the extra `clew[prometheus]` for the latter only.
"""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from time import time_ns
from typing import TYPE_CHECKING, Any

from clew import metrics
from clew._exceptions import ConfigurationError
from clew.export import _metrics as encode

if TYPE_CHECKING:
    from clew.export._pipeline import Pipeline

_logger = logging.getLogger(__name__)
_SCOPE = "prometheus_client"


class ClewCollector:
    """Gives the HTTP instruments to a prometheus_client registry."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def describe(self) -> Iterable[Any]:
        return ()  # so that registering does not collect

    def collect(self) -> Iterable[Any]:
        self._pipeline.drain()
        http = self._pipeline.http
        for histogram in (http.server, http.client):
            yield from _family(histogram)


def _family(histogram: metrics.DurationHistogram) -> Iterable[Any]:
    from prometheus_client.core import HistogramMetricFamily

    series = list(histogram)
    if not series:
        return
    keys = sorted({key for one in series for key, _ in one.attributes})
    family = HistogramMetricFamily(
        _exposed(histogram.name), histogram.description, labels=[_exposed(k) for k in keys],
        unit="seconds",
    )  # fmt: skip
    for one in series:
        given = dict(one.attributes)
        family.add_metric([str(given.get(key, "")) for key in keys], _buckets(one), one.total)
    yield family


def _buckets(series: metrics.Series) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound, as the exposition format wants them."""
    bounds = [*(str(bound) for bound in series.bounds), "+Inf"]
    running, found = 0, []
    for bound, count in zip(bounds, list(series.counts), strict=True):
        running += count
        found.append((bound, float(running)))
    return found


def _exposed(name: str) -> str:
    return name.replace(".", "_")


def serve(pipeline: Pipeline, host: str, port: int) -> None:
    """Add clew's metrics to the default registry, and serve it on http://host:port/metrics.

    Raises:
        ConfigurationError: prometheus_client is not installed.
    """
    try:
        import prometheus_client
    except ImportError:
        raise ConfigurationError(
            ["OTEL_METRICS_EXPORTER='prometheus' needs a package: install clew[prometheus]."]
        ) from None
    prometheus_client.REGISTRY.register(ClewCollector(pipeline))  # type: ignore[arg-type]
    try:
        prometheus_client.start_http_server(port, addr=host)
    except OSError as error:
        # With several workers the first has the port; the others are in the same push by OTLP.
        _logger.warning(
            "Metrics are not served on %s:%d (%s). Set OTEL_EXPORTER_PROMETHEUS_PORT, or scrape "
            "only one worker.", host, port, error,
        )  # fmt: skip


class RegistrySource:
    """Reads the default registry of prometheus_client, if the application has imported it."""

    def __init__(self) -> None:
        self._start = time_ns()

    def __call__(self) -> list[bytes]:
        """Encoded `ScopeMetrics` of all counters, gauges, histograms and summaries."""
        module = sys.modules.get("prometheus_client")
        registry = getattr(module, "REGISTRY", None)
        if registry is None:
            return []
        now = time_ns()
        encoded: list[bytes] = []
        for collector in list(registry._collector_to_names):
            if isinstance(collector, ClewCollector):
                continue
            try:
                families = list(collector.collect())
            except Exception:  # a collector of the application's: its fault is not ours
                _logger.debug("A prometheus_client collector failed.", exc_info=True)
                continue
            encoded.extend(_encoded(family, self._start, now) for family in families)
        encoded = [one for one in encoded if one]
        return [encode.scope_metrics(_SCOPE, "", encoded)] if encoded else []


def _encoded(family: Any, start: int, now: int) -> bytes:
    name, description, samples = family.name, family.documentation, family.samples
    unit = family.unit or ""
    if family.type == "counter":
        # The translation back to Prometheus appends _total to monotonic sums by itself.
        points = [(s.labels, _number(s.value)) for s in samples if s.name.endswith("_total")]
        return encode.sum_of(name, description, unit, points, start, now, monotonic=True)
    if family.type == "histogram":
        return encode.bucketed(name, description, unit, _histograms(samples), start, now)
    # gauge, summary (as its _sum, _count and quantiles), info, stateset, unknown
    by_name: dict[str, list[tuple[Mapping[str, Any], float]]] = {}
    for sample in samples:
        if not sample.name.endswith("_created"):
            by_name.setdefault(sample.name, []).append((sample.labels, _number(sample.value)))
    return b"".join(
        encode.gauge(each, description, unit, points, now) for each, points in by_name.items()
    )


def _number(value: float) -> float:
    """A float that is whole as an int: counts stay exact, and shorter on the wire."""
    return int(value) if float(value).is_integer() and abs(value) < 1 << 62 else float(value)


def _histograms(
    samples: Sequence[Any],
) -> list[tuple[dict[str, str], list[float], list[int], float]]:
    """(labels, bounds, counts per bucket, sum) of each label set of a histogram's samples."""
    buckets: dict[tuple[tuple[str, str], ...], list[tuple[float, int]]] = {}
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in samples:
        labels = {k: v for k, v in sample.labels.items() if k != "le"}
        key = tuple(sorted(labels.items()))
        if sample.name.endswith("_bucket"):
            buckets.setdefault(key, []).append((float(sample.labels["le"]), int(sample.value)))
        elif sample.name.endswith("_sum"):
            sums[key] = sample.value
    found = []
    for key, pairs in buckets.items():
        pairs.sort()
        bounds = [bound for bound, _ in pairs if bound != float("inf")]
        running = [0, *(count for _, count in pairs)]
        counts = [high - low for low, high in itertools.pairwise(running)]
        found.append((dict(key), bounds, counts, sums.get(key, 0.0)))
    return found
