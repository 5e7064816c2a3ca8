"""A collector that takes everything and keeps nothing: what stands in for the next hop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.collector.running import Collector, free_ports

_CONFIG = """\
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "127.0.0.1:${env:NULL_GRPC}", max_recv_msg_size_mib: 16}
      http: {endpoint: "127.0.0.1:${env:NULL_HTTP}"}
  # Loki's and Prometheus's own paths of OTLP.
  otlp/loki:
    protocols:
      http: {endpoint: "127.0.0.1:${env:NULL_LOKI}", logs_url_path: /otlp/v1/logs}
  otlp/prometheus:
    protocols:
      http:
        endpoint: "127.0.0.1:${env:NULL_PROMETHEUS}"
        metrics_url_path: /api/v1/otlp/v1/metrics
exporters:
  debug: {verbosity: basic, sampling_initial: 1, sampling_thereafter: 1000000}
extensions:
  health_check: {endpoint: "127.0.0.1:${env:NULL_HEALTH}"}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines:
    traces: {receivers: [otlp], exporters: [debug]}
    metrics: {receivers: [otlp, otlp/prometheus], exporters: [debug]}
    logs: {receivers: [otlp, otlp/loki], exporters: [debug]}
"""


@dataclass(frozen=True)
class Null:
    """Addresses of the hop that keeps nothing."""

    grpc: str
    loki: str
    prometheus: str


@contextmanager
def null(folder: Path) -> Iterator[Null]:
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "null.yaml"
    config.write_text(_CONFIG)
    grpc, http, loki, prometheus, health = free_ports(5)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", ""),
        "NULL_GRPC": str(grpc),
        "NULL_HTTP": str(http),
        "NULL_LOKI": str(loki),
        "NULL_PROMETHEUS": str(prometheus),
        "NULL_HEALTH": str(health),
    }
    collector = Collector((config,), environ, folder, {"health": health})
    try:
        collector.start()
        yield Null(
            f"127.0.0.1:{grpc}", f"http://127.0.0.1:{loki}", f"http://127.0.0.1:{prometheus}"
        )
    finally:
        collector.end()
