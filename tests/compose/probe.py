"""One made-up request in three signals, sent to a collector as OTLP/JSON."""

import json
import secrets
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SERVICE = "probe"
METRIC = "clew.probe.duration"
METRIC_IN_PROMETHEUS = "clew_probe_duration_seconds_count"

_SCOPE = {"name": "clew.tests.compose"}


@dataclass(frozen=True)
class Probe:
    """The ids of the request, and when it was, in nanoseconds since the Unix epoch."""

    trace_id: str
    span_id: str
    correlation_id: str
    time_ns: int

    @classmethod
    def new(
        cls,
        random_hex: Callable[[int], str] = secrets.token_hex,
        now: Callable[[], int] = time.time_ns,
    ) -> "Probe":
        """A request of this moment that no other has the ids of."""
        return cls(random_hex(16), random_hex(8), f"probe-{random_hex(6)}", now())

    def send(self, collector: str) -> None:
        """Send span, log line and metric; raise OSError where the collector does not take one."""
        bodies = {"traces": self._traces(), "logs": self._logs(), "metrics": self._metrics()}
        for signal, body in bodies.items():
            request = urllib.request.Request(
                f"{collector}/v1/{signal}",
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                answer.read()

    def _traces(self) -> dict[str, Any]:
        span = {
            "traceId": self.trace_id,
            "spanId": self.span_id,
            "name": "GET /probe",
            "kind": 2,
            "startTimeUnixNano": str(self.time_ns - 5_000_000),
            "endTimeUnixNano": str(self.time_ns),
            "attributes": [_text("correlation_id", self.correlation_id)],
        }
        scopes = [{"scope": _SCOPE, "spans": [span]}]
        return {"resourceSpans": [{"resource": _resource(), "scopeSpans": scopes}]}

    def _logs(self) -> dict[str, Any]:
        record = {
            "timeUnixNano": str(self.time_ns),
            "severityNumber": 9,
            "severityText": "INFO",
            "body": {"stringValue": "the probe was here"},
            "traceId": self.trace_id,
            "spanId": self.span_id,
            "attributes": [_text("correlation_id", self.correlation_id)],
        }
        scopes = [{"scope": _SCOPE, "logRecords": [record]}]
        return {"resourceLogs": [{"resource": _resource(), "scopeLogs": scopes}]}

    def _metrics(self) -> dict[str, Any]:
        point = {
            "startTimeUnixNano": str(self.time_ns - 1_000_000_000),
            "timeUnixNano": str(self.time_ns),
            "count": "1",
            "sum": 0.005,
            "bucketCounts": ["1", "0"],
            "explicitBounds": [0.01],
            "attributes": [_text("probe.id", self.correlation_id)],
            "exemplars": [
                {
                    "timeUnixNano": str(self.time_ns),
                    "asDouble": 0.005,
                    "traceId": self.trace_id,
                    "spanId": self.span_id,
                }
            ],
        }
        # 2: cumulative, the only temporality that Prometheus takes.
        histogram = {"aggregationTemporality": 2, "dataPoints": [point]}
        metric = {"name": METRIC, "unit": "s", "histogram": histogram}
        scopes = [{"scope": _SCOPE, "metrics": [metric]}]
        return {"resourceMetrics": [{"resource": _resource(), "scopeMetrics": scopes}]}


def _resource() -> dict[str, Any]:
    return {"attributes": [_text("service.name", SERVICE)]}


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}
