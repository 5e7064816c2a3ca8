"""Settings → the sampler, limits and exporters of the SDK's kind, for either engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)

from clew._config import Endpoint, Settings

# What the SDK's SpanLimits counts; the specification's default of each is 128.
_LIMITS = (
    "max_span_attributes", "max_events", "max_links", "max_event_attributes", "max_link_attributes",
)  # fmt: skip


def provider_options(settings: Settings) -> dict[str, Any]:
    """The sampler and the limits of a tracer provider of the SDK's kind."""
    ratio = settings.sampler_ratio
    samplers: dict[str, Callable[[], Sampler]] = {
        "always_on": lambda: ALWAYS_ON,
        "always_off": lambda: ALWAYS_OFF,
        "traceidratio": lambda: TraceIdRatioBased(ratio),
        "parentbased_always_on": lambda: DEFAULT_ON,
        "parentbased_always_off": lambda: DEFAULT_OFF,
        "parentbased_traceidratio": lambda: ParentBasedTraceIdRatio(ratio),
    }
    options: dict[str, Any] = {"sampler": samplers[settings.sampler]()}
    if settings.span_limits is not None:
        options["span_limits"] = _span_limits(settings.span_limits)
    return options


def _span_limits(given: Mapping[str, int]) -> SpanLimits:
    """Those of a configuration file, whose defaults no variable changes."""
    counts = dict.fromkeys(_LIMITS, 128)
    lengths = given.get("max_span_attribute_length", SpanLimits.UNSET)
    own = {key: value for key, value in given.items() if key in counts}
    return SpanLimits(
        **{**counts, **own}, max_attributes=SpanLimits.UNSET,
        max_attribute_length=SpanLimits.UNSET, max_span_attribute_length=lengths,
    )  # fmt: skip


def exporter_options(settings: Settings, endpoint: Endpoint) -> dict[str, Any]:
    """Of the SDK's OTLP/HTTP exporters, which read the variables themselves where no file rules."""
    if settings.span_limits is None:
        return {}
    from opentelemetry.exporter.otlp.proto.http import Compression

    return {
        "endpoint": endpoint.url,
        "headers": dict(endpoint.headers),
        "timeout": endpoint.timeout,
        "compression": Compression.Gzip if endpoint.gzip else Compression.NoCompression,
        "certificate_file": endpoint.certificate,
        "client_key_file": endpoint.client_key,
        "client_certificate_file": endpoint.client_certificate,
    }
