"""The stores: what has been dropped on the way to them, and whether they keep what links need."""

from __future__ import annotations

from clew import _names
from clew.cli._doctor._result import Result, good, problem, skipped
from clew.cli._doctor._surroundings import Surroundings
from clew.readers import ReaderError, Sample

DROPPING, LOKI, OTLP, EXEMPLARS = "dropping", "Loki labels", "Prometheus OTLP", "exemplars"

_FRESH_NS = 10 * 60 * 10**9
_EACH_REQUEST = ("trace_id", "span_id", "correlation_id")
_EACH_PROCESS = ("service_instance_id",)
_LENS = "the lens keeps all of it; this is for Loki and Prometheus"


def dropping(around: Surroundings) -> Result:
    """Whether a service counts telemetry that will not arrive, or that waits on its disk."""
    try:
        dropped = _fresh(around, f"{_name(_names.EXPORT_DROPPED)}_total")
        waiting = _fresh(around, f"{_name(_names.EXPORT_SPOOLED)}_bytes")
    except ReaderError as error:
        return skipped(DROPPING, str(error))
    if not dropped and not waiting:
        return good(DROPPING, "no service has dropped anything since its start")
    found = [f"{_who(one)} has dropped {one.value:.0f} {_what(one)}" for one in dropped]
    found += [f"{_who(one)} has {one.value:.0f} bytes waiting on its disk" for one in waiting]
    return problem(
        DROPPING,
        "; ".join(found[:4]) + (f"; and {len(found) - 4} more" if len(found) > 4 else ""),
        "What was dropped is in no store; what waits comes late.",
        "By the reason: buffer_full, raise OTEL_BSP_MAX_QUEUE_SIZE; outbox_full or spool_*, look "
        "why the endpoint is away (docs/reliability.md); http_*, look at the endpoint's log.",
    )


def loki(around: Surroundings) -> Result:
    """Whether streams are found by service, and none is made for each request or process."""
    if around.native is None:
        return skipped(LOKI, _LENS)
    client = around.native.logs.client
    try:
        answer = client.get("/loki/api/v1/labels", {})
        labels = [str(one) for one in answer.get("data") or []] if answer else []
    except (ReaderError, AttributeError) as error:
        return skipped(LOKI, str(error))
    if not labels:
        return skipped(LOKI, "Loki holds nothing yet")
    many = [one for one in (*_EACH_REQUEST, *_EACH_PROCESS) if one in labels]
    if many:
        return problem(
            LOKI,
            f"labels that differ for each request or process: {', '.join(many)}",
            "Loki keeps a stream for each value: it grows slow, and then refuses lines.",
            "Name the labels in distributor.otlp_config.default_resource_attributes_as_index_"
            "labels (backends/loki); ids belong into structured metadata, where clew puts them.",
        )
    if "service_name" not in labels:
        return problem(
            LOKI,
            f"no label service_name; there are {', '.join(sorted(labels)[:6])}",
            "clew follow, the boards and the alerts select lines by it, and find none.",
            "Send logs to Loki's OTLP endpoint (/otlp/v1/logs), which makes it of service.name.",
        )
    return good(LOKI, ", ".join(sorted(labels)[:8]))


def prometheus(around: Surroundings) -> tuple[Result, Result]:
    """Whether Prometheus takes OTLP, and keeps exemplars: its own flags say so."""
    if around.native is None:
        return skipped(OTLP, _LENS), skipped(EXEMPLARS, _LENS)
    try:
        answer = around.native.metrics.client.get("/api/v1/status/flags", {})
        flags = dict(answer["data"])
    except ReaderError as error:
        return skipped(OTLP, str(error)), skipped(EXEMPLARS, str(error))
    except (KeyError, TypeError, ValueError):
        reason = "it does not tell its flags (is it Mimir, or another?)"
        return skipped(OTLP, reason), skipped(EXEMPLARS, reason)
    return _receiver(flags), _exemplars(flags)


def _receiver(flags: dict[str, str]) -> Result:
    if flags.get("web.enable-otlp-receiver") == "true":
        return good(OTLP, "the receiver is on")
    return problem(
        OTLP,
        "Prometheus runs without --web.enable-otlp-receiver",
        "The collector's metrics are refused with 404: boards stay empty and no alert fires.",
        "Start it with --web.enable-otlp-receiver (backends/prometheus).",
    )


def _exemplars(flags: dict[str, str]) -> Result:
    features = flags.get("enable-feature", "")
    if "exemplar-storage" in features.split(","):
        return good(EXEMPLARS, "they are stored")
    return problem(
        EXEMPLARS,
        "Prometheus runs without --enable-feature=exemplar-storage",
        "No way leads from a point of a latency graph to the trace behind it.",
        "Start it with --enable-feature=exemplar-storage.",
    )


def _fresh(around: Surroundings, name: str) -> list[Sample]:
    """Samples above zero that are not those of a process long gone."""
    since = around.now_ns() - _FRESH_NS
    found = around.reader.samples(name, {})
    return [one for one in found if one.value > 0 and one.time_ns >= since]


def _name(name: str) -> str:
    return name.replace(".", "_")


def _who(sample: Sample) -> str:
    return sample.labels.get("service_name", "a service")


def _what(sample: Sample) -> str:
    signal = sample.labels.get(_name(_names.SIGNAL), "items")
    reason = sample.labels.get(_name(_names.REASON), "")
    return f"{signal} ({reason})" if reason else signal
