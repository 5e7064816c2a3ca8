"""Jaeger, Loki and Prometheus as far as the doctor asks them, over what a sink has received."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.readers.fake_backend import fake_backend
from tests.support.otlp_sink import Sink, plain

HEALTHY_FLAGS = {"web.enable-otlp-receiver": "true", "enable-feature": "exemplar-storage"}


@dataclass
class Stores:
    """What they say. Change it to have them misconfigured; `lost` are signals that never arrive."""

    sink: Sink
    address: str = ""
    flags: dict[str, str] = field(default_factory=lambda: dict(HEALTHY_FLAGS))
    labels: list[str] = field(default_factory=lambda: ["service_name"])
    lost: set[str] = field(default_factory=set)
    counted: dict[str, float] = field(default_factory=dict)
    """Metric, as Prometheus has it → its value, for one service."""

    def answer(self, path: str, params: dict[str, str]) -> Any:
        """The JSON for a request, or None for 404."""
        if path.startswith("/api/v3/traces/"):
            return self._trace(path.rpartition("/")[2])
        if path == "/loki/api/v1/query_range":
            return {"data": {"result": self._streams()}}
        if path == "/loki/api/v1/labels":
            return {"data": self.labels}
        if path == "/api/v1/status/flags":
            return {"data": self.flags}
        if path == "/api/v1/query":
            return {"data": {"result": list(self._series(params["query"].partition("{")[0]))}}
        return None

    def _trace(self, trace_id: str) -> Any:
        spans = [
            {
                "traceId": trace_id,
                "spanId": item.data.span_id.hex(),
                "name": item.data.name,
                "kind": item.data.kind,
                "startTimeUnixNano": str(item.data.start_time_unix_nano),
                "endTimeUnixNano": str(item.data.end_time_unix_nano),
            }
            for item in self.sink.spans()
            if item.data.trace_id.hex() == trace_id and "traces" not in self.lost
        ]
        return {"result": {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}}

    def _streams(self) -> list[Any]:
        return [
            {
                "stream": {
                    "service_name": item.resource["service.name"],
                    "trace_id": item.data.trace_id.hex(),
                    "correlation_id": item.attributes.get("correlation_id", ""),
                },
                "values": [[str(item.data.time_unix_nano), plain(item.data.body)]],
            }
            for item in self.sink.logs()
            if "logs" not in self.lost
        ]

    def _series(self, name: str) -> Iterator[Any]:
        if name in self.counted:
            labels = {"service_name": "users", "clew_signal": "traces", "clew_reason": "full"}
            yield {"metric": labels, "value": [time.time(), str(self.counted[name])]}
        for point in self.sink.points("clew.doctor.probe"):
            if name == "clew_doctor_probe" and "metrics" not in self.lost:
                yield {"metric": {}, "value": [time.time(), str(point.number)]}


@contextmanager
def stores_of(sink: Sink) -> Iterator[Stores]:
    """They listen on one port of the loopback until the end of the `with`."""

    with fake_backend() as backend:
        stores = Stores(sink, backend.address)

        def answer(path: str, params: dict[str, str]) -> str | None:
            said = stores.answer(path, params)
            return None if said is None else json.dumps(said)

        backend.otherwise = answer
        yield stores
