"""An OTLP/HTTP endpoint on the loopback that keeps what arrives, decoded."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_REQUESTS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


@dataclass(frozen=True)
class Received:
    """One HTTP request, its body decompressed."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    client: tuple[str, int]  # address and port: one pair for each connection


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    close: bool = False  # close the connection without having said so


@dataclass(frozen=True)
class Item:
    """A span, metric or log record (`data`), with what stood around it."""

    data: Any
    resource: dict[str, Any]
    scope: str

    @property
    def attributes(self) -> dict[str, Any]:
        return plain_attributes(self.data.attributes)


@dataclass(frozen=True)
class Point:
    """A metric's data point (`data`), with the metric and the process it is of."""

    name: str
    data: Any
    resource: dict[str, Any]

    @property
    def attributes(self) -> dict[str, Any]:
        return plain_attributes(self.data.attributes)

    @property
    def number(self) -> float:
        value: float = getattr(self.data, self.data.WhichOneof("value"))
        return value


class Sink:
    """What has arrived at `url`. `kept` are the requests that were answered with 2xx."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[Received] = []
        self.kept: list[Received] = []
        self.reset()

    def reset(self) -> None:
        """Accept everything. Set `answer` to answer otherwise."""
        self.answer: Callable[[Received], Answer] = lambda request: Answer()

    def spans(self) -> list[Item]:
        return [
            Item(span, resource, scope.scope.name)
            for message, resource in self._messages("/v1/traces", "resource_spans")
            for scope in message.scope_spans
            for span in scope.spans
        ]

    def logs(self) -> list[Item]:
        return [
            Item(record, resource, scope.scope.name)
            for message, resource in self._messages("/v1/logs", "resource_logs")
            for scope in message.scope_logs
            for record in scope.log_records
        ]

    def metrics(self) -> list[Item]:
        """Every metric of every export, oldest first."""
        return [
            Item(metric, resource, scope.scope.name)
            for message, resource in self._messages("/v1/metrics", "resource_metrics")
            for scope in message.scope_metrics
            for metric in scope.metrics
        ]

    def points(self, name: str) -> list[Point]:
        """The newest data point of the metric for each process and attribute set."""
        newest: dict[Any, Point] = {}
        for item in self.metrics():
            if item.data.name == name:
                for data in getattr(item.data, item.data.WhichOneof("data")).data_points:
                    point = Point(name, data, item.resource)
                    newest[_key(item.resource), _key(point.attributes)] = point
        return list(newest.values())

    def exemplars(self, name: str) -> list[Any]:
        """The exemplars of the metric in every export: each is exported once."""
        return [
            exemplar
            for item in self.metrics()
            if item.data.name == name
            for point in getattr(item.data, item.data.WhichOneof("data")).data_points
            for exemplar in point.exemplars
        ]

    def clear(self) -> None:
        self.received.clear()
        self.kept.clear()

    def _messages(self, path: str, resources: str) -> Iterator[tuple[Any, dict[str, Any]]]:
        for request in list(self.kept):
            if request.path.endswith(path):  # Loki and Prometheus have a folder before it
                message = _REQUESTS[path].FromString(request.body)
                for one in getattr(message, resources):
                    yield one, plain_attributes(one.resource.attributes)

    def take(self, request: Received) -> Answer:
        self.received.append(request)
        answer = self.answer(request)
        if answer.status // 100 == 2:
            self.kept.append(request)
        return answer


def _key(attributes: Mapping[str, Any]) -> str:
    return repr(sorted(attributes.items()))


def plain(value: Any) -> Any:
    """The Python value of an AnyValue."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return plain_attributes(value.kvlist_value.values)
    return getattr(value, kind)


def plain_attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: plain(pair.value) for pair in pairs}


@contextmanager
def otlp_sink(tls: ssl.SSLContext | None = None) -> Iterator[Sink]:
    """A sink on a free port of 127.0.0.1, over TLS where a context is given."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {key.lower(): value for key, value in self.headers.items()}
            answer = sink.take(Received(self.path, headers, body, self.client_address))
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = self.close_connection or answer.close

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls is not None else "http"
    sink = Sink(f"{scheme}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
