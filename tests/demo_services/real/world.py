"""The whole shop and its backends, on ports and in folders of their own."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from clew.readers import CorrelationId, LogLine, Reader, Span, TraceId, Window, reader_from_environ
from demo_services._processes import ADMIN_PORTS, PORTS, Shop, Stores
from tests.demo_services.brokers import OwnStack, steady_ports
from tests.demo_services.switches import switched_on
from tests.e2e.wait import wait_until

TOKEN = "a-token-that-stands-nowhere-else"


@dataclass
class World:
    """The running shop, the stack that it runs on, and what reads its telemetry back."""

    shop: Shop
    stack: OwnStack
    reader: Reader
    database_url: str

    def order(
        self, correlation_id: str = "", sku: str = "clew", key: str = "", quantity: int = 2
    ) -> requests.Response:
        """Place an order at the gateway."""
        headers = {"X-Correlation-ID": correlation_id or f"order-{secrets.token_hex(6)}"}
        if key:
            headers["Idempotency-Key"] = key
        body = {"user_id": 1, "items": [{"sku": sku, "quantity": quantity}]}
        url = f"{self.shop.url('gateway')}/orders"
        return requests.post(url, json=body, headers=headers, timeout=30)

    def fault(self, service: str, name: str, level: float) -> AbstractContextManager[None]:
        """Switched on while the block lasts."""
        return switched_on(self.shop, service, name, level)

    def spans(self, thread: str, enough: Callable[[tuple[Span, ...]], bool]) -> tuple[Span, ...]:
        """The one trace of that correlation id, once there is enough of it."""

        def arrived() -> tuple[Span, ...]:
            ids = self.reader.trace_ids(CorrelationId(thread), self.window())
            assert len(ids) <= 1, f"{thread} is {len(ids)} traces"
            spans = self.reader.trace(TraceId(ids[0])) if ids else ()
            return spans if enough(spans) else ()

        return wait_until(arrived, f"the spans of {thread}")

    def lines(self, thread: str) -> list[LogLine]:
        """The log lines that carry that correlation id, as far as they have arrived."""
        return list(self.reader.log_lines(CorrelationId(thread), self.window()))

    def links(self, trace_id: str) -> dict[str, list[str]]:
        """The spans of that trace that link to others, and to which, as Jaeger keeps them."""
        port = self.stack.environ["CLEW_JAEGER_QUERY_PORT"]
        url = f"http://127.0.0.1:{port}/api/v3/traces/{trace_id}"
        content = requests.get(url, timeout=10).json()["result"]
        return {
            span["spanId"]: [link["spanId"] for link in span["links"]]
            for resource in content["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
            if span.get("links")
        }

    def value(self, metric: str, **labels: str) -> float:
        """The sum of that metric's series in Prometheus now."""
        return sum(sample.value for sample in self.reader.samples(metric, labels))

    def window(self) -> Window:
        return Window.back_from(time.time_ns(), 3600)


def opened(stack: OwnStack, folder: Path, extra: dict[str, str]) -> World:
    """The shop on that stack, all services up; `extra` are settings for all of them."""
    found = stack.addresses()
    stores = Stores(found["CLEW_POSTGRES_URL"], found["CLEW_RABBITMQ_URL"], found["CLEW_REDIS_URL"])
    numbers = steady_ports(len(PORTS) + len(ADMIN_PORTS))
    ports = dict(zip(PORTS, numbers[: len(PORTS)], strict=True))
    admin_ports = dict(zip(ADMIN_PORTS, numbers[len(PORTS) :], strict=True))
    shop = Shop(folder, {**_environ(stack), **extra}, stores, ports, admin_ports)
    shop.start(shop.names)
    return World(shop, stack, _reader(stack), found["CLEW_POSTGRES_URL"])


def _environ(stack: OwnStack) -> dict[str, str]:
    kept: dict[str, Any] = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CLEW_"))
    }
    return {
        **kept,
        "PAYMENTS_TOKEN": TOKEN,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{stack.environ['CLEW_OTLP_HTTP_PORT']}",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "BREAKER_OPEN": "1",
        "ORDER_LEASE": "5",
        "RATE_LIMIT": "1000/second",
    }


def _reader(stack: OwnStack) -> Reader:
    ports = {"JAEGER": "CLEW_JAEGER_QUERY_PORT", "LOKI": "CLEW_LOKI_PORT"}
    ports["PROMETHEUS"] = "CLEW_PROMETHEUS_PORT"
    return reader_from_environ(
        {
            f"CLEW_{name}_URL": f"http://127.0.0.1:{stack.environ[port]}"
            for name, port in ports.items()
        }
    )
