"""Requests as clew sends them: recorded from a service with clew, then given new ids and times."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.overhead._children import ROOT
from tests.support.otlp_sink import Received, otlp_sink

KINDS: dict[str, Any] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
_RESOURCES = {
    "traces": "resource_spans",
    "metrics": "resource_metrics",
    "logs": "resource_logs",
}
_SCOPES = {"traces": "scope_spans", "metrics": "scope_metrics", "logs": "scope_logs"}
# A FastAPI service: each request has a span of its own inside, and a line beside the access line.
_SERVICE = """
import asyncio, logging, httpx
from fastapi import FastAPI
import clew.auto, clew

app = FastAPI()
log = logging.getLogger("shop.orders")

@app.get("/orders/{order_id}")
async def read(order_id: int) -> dict[str, int]:
    from opentelemetry import trace
    with trace.get_tracer("shop").start_as_current_span("load order") as span:
        span.set_attribute("shop.order.id", order_id)
        log.info("loaded order %d", order_id)
    return {"id": order_id}

async def main() -> None:
    to_app = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=to_app, base_url="http://shop") as client:
        for number in range(REQUESTS):
            await client.get(f"/orders/{number}")

asyncio.run(main())
clew.flush()
"""
REQUESTS = 256


@dataclass(frozen=True)
class Recorded:
    """What one service sent of one signal: as it was on the wire, and decoded."""

    signal: str
    items: int
    plain_bytes: int
    gzip_bytes: int
    message: Any


def record(requests: int = REQUESTS) -> dict[str, Recorded]:
    """Run a service for `requests` requests, once with gzip and once without; what it sent."""
    plain, packed = _run(requests, "none"), _run(requests, "gzip")
    found = {}
    for signal, kind in KINDS.items():
        message = kind()
        sent = [each for each in plain if each.path == f"/v1/{signal}"]
        for each in sent:
            message.MergeFromString(each.body)
        on_wire = [each for each in packed if each.path == f"/v1/{signal}"]
        found[signal] = Recorded(
            signal,
            count(signal, message),
            sum(len(each.body) for each in sent),
            sum(int(each.headers["content-length"]) for each in on_wire),
            message,
        )
    return found


def _run(requests: int, compression: str) -> list[Received]:
    with otlp_sink() as sink:
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
            "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
            "OTEL_SERVICE_NAME": "orders",
            "CLEW_SPOOL_DIR": "off",
            "CLEW_LOG_FORMAT": "json",
        }
        code = _SERVICE.replace("REQUESTS", str(requests))
        subprocess.run(
            [sys.executable, "-c", code], env=environ, check=True, stdout=subprocess.DEVNULL
        )
        return list(sink.received)


def count(signal: str, message: Any) -> int:
    """Spans, log records or data points in a request."""
    if signal == "traces":
        return sum(len(s.spans) for r in message.resource_spans for s in r.scope_spans)
    if signal == "logs":
        return sum(len(s.log_records) for r in message.resource_logs for s in r.scope_logs)
    return sum(
        len(getattr(metric, metric.WhichOneof("data")).data_points)
        for r in message.resource_metrics
        for s in r.scope_metrics
        for metric in s.metrics
    )


def again(recorded: Recorded, instance: str) -> bytes:
    """The recorded request as another process would send it now: ids, times, instance."""
    message = type(recorded.message)()
    message.CopyFrom(recorded.message)
    now = time.time_ns()
    new: dict[bytes, bytes] = {}
    for item in _items(recorded.signal, message):
        _retime(item, now)
        if hasattr(item, "trace_id") and item.trace_id:
            item.trace_id = new.setdefault(item.trace_id, os.urandom(16))
    for resource in _resources(recorded.signal, message):
        for attribute in resource.resource.attributes:
            if attribute.key == "service.instance.id":
                attribute.value.string_value = instance
    return bytes(message.SerializeToString())


def _resources(signal: str, message: Any) -> Any:
    return getattr(message, _RESOURCES[signal])


def _items(signal: str, message: Any) -> Iterator[Any]:
    for resource in _resources(signal, message):
        for scope in getattr(resource, _SCOPES[signal]):
            if signal == "traces":
                yield from scope.spans
            elif signal == "logs":
                yield from scope.log_records
            else:
                for metric in scope.metrics:
                    yield from getattr(metric, metric.WhichOneof("data")).data_points


def _retime(item: Any, now: int) -> None:
    """Move it to now, its duration kept."""
    if hasattr(item, "end_time_unix_nano"):
        lasted = item.end_time_unix_nano - item.start_time_unix_nano
        item.start_time_unix_nano, item.end_time_unix_nano = now - lasted, now
        return
    item.time_unix_nano = now
    if hasattr(item, "observed_time_unix_nano"):
        item.observed_time_unix_nano = now
