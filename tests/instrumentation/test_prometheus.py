"""prometheus_client, both ways: its metrics on clew's export, clew's metrics on its /metrics."""

from __future__ import annotations

import pytest

from tests.instrumentation.conftest import Script
from tests.support.processes import free_port

pytest.importorskip("prometheus_client", reason="the extra clew[prometheus]")

_METRICS = """
import clew.auto, clew, urllib.request
from prometheus_client import Counter, Gauge, Histogram, Info, Summary
orders = Counter("orders", "Orders.", ["kind"])
orders.labels("a").inc(3)
orders.labels("b").inc(0.5)
Gauge("stock", "Stock.").set(-2)
waits = Histogram("waits", "Waits.", buckets=[1, 2])
for wait in (0.5, 1, 1.5, 9):
    waits.observe(wait)
Summary("sizes", "Sizes.").observe(4)
"""


def test_metrics_of_the_application_are_exported(script: Script) -> None:
    """Counters, gauges, histograms and summaries arrive by OTLP with their labels."""
    script(_METRICS)
    orders = {p.attributes["kind"]: p.number for p in script.sink.points("orders")}
    assert orders == {"a": 3, "b": 0.5}
    assert [point.number for point in script.sink.points("stock")] == [-2]
    (waits,) = (point.data for point in script.sink.points("waits"))
    assert (waits.count, waits.sum) == (4, 12.0)
    assert (list(waits.explicit_bounds), list(waits.bucket_counts)) == ([1.0, 2.0], [2, 1, 1])
    assert [point.number for point in script.sink.points("sizes_sum")] == [4]
    (metric,) = (m.data for m in script.sink.metrics()[-200:] if m.data.name == "orders")
    assert metric.sum.is_monotonic


def test_broken_collector_costs_no_other(script: Script) -> None:
    """A collector of the application that fails is left out; the others arrive."""
    code = _METRICS + (
        "\nfrom prometheus_client import REGISTRY\n"
        "class Broken:\n"
        "    def describe(self): return []\n"
        "    def collect(self): raise RuntimeError\n"
        "REGISTRY.register(Broken())\n"
    )
    script(code)
    assert [point.number for point in script.sink.points("stock")] == [-2]


def test_clews_metrics_are_served(script: Script) -> None:
    """With the prometheus exporter a scrape finds requests, buckets and labels."""
    port = free_port()
    code = f"""
{_METRICS}
import asyncio
async def app(scope, receive, send):
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body"}})
app = clew.instrument(app)
async def send(message): pass
scope = {{"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"",
         "http_version": "1.1"}}
asyncio.run(app(scope, None, send))
with urllib.request.urlopen("http://127.0.0.1:{port}/metrics", timeout=20) as response:
    print(response.read().decode())
"""
    own = {
        "OTEL_METRICS_EXPORTER": "prometheus",
        "OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(port),
    }
    page = script(code, **own)
    count = next(line for line in page if line.startswith("http_server_request_duration_seconds_c"))
    assert 'http_request_method="GET"' in count
    assert 'http_response_status_code="200"' in count
    assert count.endswith(" 1.0")
    assert any("http_server_request_duration_seconds_bucket" in line for line in page)
    assert script.sink.metrics() == []


def test_port_that_is_taken(script: Script) -> None:
    """A second process on the same port goes on without serving, and says so."""
    port = free_port()
    code = f"""
        import socket
        taken = socket.create_server(("127.0.0.1", {port}))
        import clew.auto
        from opentelemetry import trace
        trace.get_tracer("t").start_span("s").end()
    """
    own = {
        "OTEL_METRICS_EXPORTER": "otlp,prometheus",
        "OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(port),
    }
    script(code, **own)
    assert len(script.sink.spans()) == 1
