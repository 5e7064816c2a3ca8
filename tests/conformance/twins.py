"""Two tracer providers that are told the same: the SDK's, and clew's. Each gives OTLP messages."""

from __future__ import annotations

import threading
from typing import Any, Protocol

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Sampler

from clew.export._buffer import Buffer
from clew.export._spans import SpanEncoder
from clew.traces import ClewTracerProvider

RESOURCE = Resource(
    {"service.name": "shop", "replicas": 3, "zones": ["a", "b"]}, "https://schema.example/1"
)
SAMPLED = 1


class CountedIds(IdGenerator):
    """The same ids in the same order for both. Spread over the range, for ratio samplers."""

    def __init__(self, random: bool = True) -> None:
        self._made = 0
        self._random = random

    def _next(self, bits: int) -> int:
        self._made += 1
        return (self._made * 0x9E3779B97F4A7C15F39CC0605CEDC835) % ((1 << bits) - 1) + 1

    def generate_span_id(self) -> int:
        return self._next(64)

    def generate_trace_id(self) -> int:
        return self._next(128)

    def is_trace_id_random(self) -> bool:
        return self._random


class Twin(Protocol):
    provider: TracerProvider

    def exported(self) -> ExportTraceServiceRequest: ...


class SdkTwin:
    """The oracle: the SDK, its in-memory exporter, and the encoder of its OTLP exporters."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("id_generator", CountedIds())
        self.provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False, **options)
        self._exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def exported(self) -> ExportTraceServiceRequest:
        return encode_spans(self._exporter.get_finished_spans())


class ClewTwin:
    """clew's provider, buffer and encoder, as its pipeline joins them."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("id_generator", CountedIds())
        self.buffer = Buffer(100_000, threading.Event())
        self.provider = ClewTracerProvider(RESOURCE, self.buffer, **options)

    def exported(self) -> ExportTraceServiceRequest:
        spans = [item for item in self.buffer.take() if item._context.trace_flags & SAMPLED]
        if not spans:
            return ExportTraceServiceRequest()
        return ExportTraceServiceRequest.FromString(SpanEncoder(RESOURCE).encode(spans))


def twins(
    sampler: Sampler | None = None,
    limits: SpanLimits | None = None,
    *,
    random: bool = True,
    configurator: Any = None,
) -> tuple[SdkTwin, ClewTwin]:
    """(SDK, clew), configured alike."""
    options = {"sampler": sampler, "span_limits": limits, "_tracer_configurator": configurator}
    return (
        SdkTwin(id_generator=CountedIds(random), **options),
        ClewTwin(id_generator=CountedIds(random), **options),
    )
