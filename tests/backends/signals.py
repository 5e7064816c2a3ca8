"""One request's three signals, hand-made as OTLP/JSON, and the reading of them from each store."""

import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from tests.backends.own_stack import OwnStack


@dataclass(frozen=True)
class Request:
    """A request of a made-up service. Times are in nanoseconds since the epoch."""

    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))
    correlation_id: str = field(default_factory=lambda: f"test-{secrets.token_hex(6)}")
    service: str = field(default_factory=lambda: f"probe-{secrets.token_hex(4)}")
    time: int = field(default_factory=time.time_ns)


def send(stack: OwnStack, request: Request) -> None:
    """Send a span, a log line and a histogram with an exemplar to the stack's collector."""
    for path, body in (
        ("/v1/traces", _traces(request)),
        ("/v1/logs", _logs(request)),
        ("/v1/metrics", _metrics(request)),
    ):
        post = urllib.request.Request(
            stack.url("CLEW_OTLP_HTTP_PORT", path),
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(post, timeout=10) as answer:
            assert answer.status == 200


def spans(stack: OwnStack, request: Request) -> list[str]:
    """Return the names of the request's spans, asked of Jaeger by the correlation id."""
    tags = json.dumps({"correlation_id": request.correlation_id})
    query = {"service": request.service, "tags": tags}
    found = _get(stack.url("CLEW_JAEGER_QUERY_PORT", "/api/traces"), query).get("data") or []
    return [
        span["operationName"]
        for trace in found
        if trace["traceID"] == request.trace_id
        for span in trace["spans"]
    ]


def lines(stack: OwnStack, request: Request) -> list[dict[str, Any]]:
    """Return labels and metadata of the request's log lines, asked of Loki by correlation id."""
    query = f'{{service_name="{request.service}"}} | correlation_id="{request.correlation_id}"'
    url = stack.url("CLEW_LOKI_PORT", "/loki/api/v1/query_range")
    found = _get(url, {"query": query, "since": "1h"}).get("data") or {}
    return [stream["stream"] for stream in found.get("result", [])]


def streams(stack: OwnStack, request: Request) -> list[dict[str, str]]:
    """Return the index labels of the service's streams in Loki."""
    query = {"match[]": f'{{service_name="{request.service}"}}', "since": "1h"}
    found = _get(stack.url("CLEW_LOKI_PORT", "/loki/api/v1/series"), query)
    return list(found.get("data") or [])


def series(stack: OwnStack, request: Request) -> list[dict[str, str]]:
    """Return the labels of the request's bucket series in Prometheus."""
    found = (
        _get(stack.url("CLEW_PROMETHEUS_PORT", "/api/v1/query"), {"query": _selector(request)}).get(
            "data"
        )
        or {}
    )
    return [each["metric"] for each in found.get("result", [])]


def exemplars(stack: OwnStack, request: Request) -> list[str]:
    """Return the trace ids of the exemplars on the request's buckets in Prometheus."""
    query = {
        "query": _selector(request),
        "start": str(request.time / 1e9 - 60),
        "end": str(request.time / 1e9 + 600),
    }
    found = _get(stack.url("CLEW_PROMETHEUS_PORT", "/api/v1/query_exemplars"), query)
    return [
        exemplar["labels"]["trace_id"]
        for each in found.get("data") or []
        for exemplar in each["exemplars"]
    ]


def values(stack: OwnStack, promql: str) -> dict[str, float]:
    """Return the values of an instant query by the `job` label."""
    url = stack.url("CLEW_PROMETHEUS_PORT", "/api/v1/query")
    found = _get(url, {"query": promql}).get("data") or {}
    return {
        each["metric"].get("job", ""): float(each["value"][1]) for each in found.get("result", [])
    }


def _selector(request: Request) -> str:
    return f'http_server_request_duration_seconds_bucket{{service_name="{request.service}"}}'


def _get(url: str, query: dict[str, str]) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, OSError):
        return {}  # not there yet: the caller asks again until its deadline


def _traces(request: Request) -> dict[str, Any]:
    span = {
        "traceId": request.trace_id,
        "spanId": request.span_id,
        "name": "GET /probe",
        "kind": 2,
        "startTimeUnixNano": str(request.time),
        "endTimeUnixNano": str(request.time + 200_000_000),
        "attributes": _attributes({"correlation_id": request.correlation_id}),
    }
    scope = [{"scope": {"name": "probe"}, "spans": [span]}]
    return {"resourceSpans": [{"resource": _resource(request), "scopeSpans": scope}]}


def _logs(request: Request) -> dict[str, Any]:
    record = {
        "timeUnixNano": str(request.time),
        "severityText": "INFO",
        "body": {"stringValue": "probed"},
        "traceId": request.trace_id,
        "spanId": request.span_id,
        "attributes": _attributes({"correlation_id": request.correlation_id}),
    }
    scope = [{"scope": {"name": "probe"}, "logRecords": [record]}]
    return {"resourceLogs": [{"resource": _resource(request), "scopeLogs": scope}]}


def _metrics(request: Request) -> dict[str, Any]:
    point = {
        "startTimeUnixNano": str(request.time - 1_000_000_000),
        "timeUnixNano": str(request.time),
        "count": "1",
        "sum": 0.2,
        "bucketCounts": ["0", "1", "0"],
        "explicitBounds": [0.1, 0.5],
        "attributes": _attributes({"http.route": "/probe"}),
        "exemplars": [
            {
                "timeUnixNano": str(request.time),
                "asDouble": 0.2,
                "traceId": request.trace_id,
                "spanId": request.span_id,
            }
        ],
    }
    metric = {
        "name": "http.server.request.duration",
        "unit": "s",
        "histogram": {"aggregationTemporality": 2, "dataPoints": [point]},
    }
    scope = [{"scope": {"name": "probe"}, "metrics": [metric]}]
    return {"resourceMetrics": [{"resource": _resource(request), "scopeMetrics": scope}]}


def _resource(request: Request) -> dict[str, Any]:
    return {
        "attributes": _attributes(
            {
                "service.name": request.service,
                "service.namespace": "shop",
                "service.version": "1.2.3",
                "service.instance.id": "instance-1",
                "deployment.environment.name": "test",
            }
        )
    }


def _attributes(values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def line_times(stack: OwnStack, service: str) -> list[int]:
    """Return the times of a service's lines of the last two days in Loki, oldest first."""
    url = stack.url("CLEW_LOKI_PORT", "/loki/api/v1/query_range")
    query = {"query": f'{{service_name="{service}"}}', "since": "48h", "limit": "1000"}
    found = _get(url, query).get("data") or {}
    return sorted(int(at) for stream in found.get("result", []) for at, _ in stream["values"])


def spans_of_trace(stack: OwnStack, trace_id: str) -> int:
    """Return how many spans Jaeger has of a trace."""
    found = _get(stack.url("CLEW_JAEGER_QUERY_PORT", f"/api/traces/{trace_id}"), {})
    return sum(len(trace["spans"]) for trace in found.get("data") or [])


def sample_at(stack: OwnStack, request: Request, at: float) -> float | None:
    """Return the value of the request's first bucket at a time, seconds since the epoch."""
    url = stack.url("CLEW_PROMETHEUS_PORT", "/api/v1/query")
    found = _get(url, {"query": _selector(request), "time": str(at)}).get("data") or {}
    result = found.get("result", [])
    return float(result[0]["value"][1]) if result else None
