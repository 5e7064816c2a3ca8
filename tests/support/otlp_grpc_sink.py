"""An OTLP endpoint for gRPC on the loopback that keeps what arrives in an `otlp_sink.Sink`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

from tests.support.otlp_sink import Received, Sink

_METHODS: dict[str, tuple[str, Callable[[], Any]]] = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": (
        "/v1/traces",
        trace.ExportTraceServiceResponse,
    ),
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": (
        "/v1/metrics",
        metrics.ExportMetricsServiceResponse,
    ),
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export": (
        "/v1/logs",
        logs.ExportLogsServiceResponse,
    ),
}


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Takes the bytes as they are. A sink's answer other than 2xx is UNAVAILABLE."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def service(self, details: Any) -> Any:
        path, response = _METHODS[details.method]
        metadata = {key: str(value) for key, value in details.invocation_metadata}

        def export(body: bytes, context: Any) -> bytes:
            taken = self._sink.take(Received(path, metadata, body, (context.peer(), 0)))
            if taken.status // 100 != 2:
                context.abort(grpc.StatusCode.UNAVAILABLE, "told to refuse")
            answer: bytes = response().SerializeToString()
            return answer

        return grpc.unary_unary_rpc_method_handler(export)


@contextmanager
def otlp_grpc_sink(port: int = 0) -> Iterator[Sink]:
    """A sink on 127.0.0.1; its `url` is host:port."""
    server = grpc.server(
        ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)], maximum_concurrent_rpcs=None
    )
    sink = Sink("")
    server.add_generic_rpc_handlers((_Handler(sink),))
    sink.url = f"127.0.0.1:{server.add_insecure_port(f'127.0.0.1:{port}')}"
    server.start()
    try:
        yield sink
    finally:
        server.stop(None).wait()
