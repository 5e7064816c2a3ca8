"""Pages on which a person can look at a trace further."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from clew.readers import loki
from clew.readers._errors import ReaderError
from clew.readers._http import JsonClient, Opener
from clew.readers._ids import TraceId
from clew.readers._model import Link
from clew.readers._settings import GRAFANA_URL, ReaderSettings

_HEALTH_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Links:
    """Builds the links of one installation."""

    settings: ReaderSettings
    opener: Opener

    def of(self, trace_id: TraceId) -> tuple[Link, ...]:
        """Jaeger's page of the trace; Grafana's two only if Grafana answers, as it's optional."""
        jaeger = Link("Jaeger", f"{self.settings.jaeger_url}/trace/{trace_id.value}")
        if not self._grafana_answers():
            return (jaeger,)
        return (
            jaeger,
            Link("Grafana, trace", self._explore("jaeger", {"query": trace_id.value})),
            Link("Grafana, logs", self._explore("loki", {"expr": loki.query(trace_id)})),
        )

    def _explore(self, source: str, query: dict[str, str]) -> str:
        # Grafana's "panes" URL; the sources' uids are those of backends/grafana/provisioning.
        pane = {
            "datasource": source,
            "queries": [{"refId": "A", "datasource": {"type": source, "uid": source}, **query}],
            "range": {"from": "now-24h", "to": "now"},
        }
        panes = quote(json.dumps({"a": pane}, separators=(",", ":")))
        return f"{self.settings.grafana_url}/explore?schemaVersion=1&panes={panes}&orgId=1"

    def _grafana_answers(self) -> bool:
        client = JsonClient(
            "Grafana", self.settings.grafana_url, GRAFANA_URL, _HEALTH_TIMEOUT_S, self.opener
        )
        try:
            health = client.get("/api/health", {})
        except ReaderError:
            return False
        return isinstance(health, dict) and "database" in health
