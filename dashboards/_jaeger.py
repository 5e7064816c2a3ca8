"""Queries to Grafana's Jaeger data source, which the SDK has no types for."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery

from clew import _names as n


@dataclass(frozen=True)
class JaegerQuery(Dataquery, Builder[Dataquery]):
    """One query: as Grafana's public/app/plugins/datasource/jaeger has it."""

    ref: str
    kind: str
    service: str = ""
    tags: str = ""

    def build(self) -> JaegerQuery:
        return self

    def to_json(self) -> dict[str, object]:
        made: dict[str, object] = {"refId": self.ref, "queryType": self.kind}
        if self.kind == "search":
            made |= {"service": self.service, "tags": self.tags, "limit": 20}
        return made


def search(ref: str, service: str) -> JaegerQuery:
    """Traces of a service that carry the correlation id in the text box."""
    return JaegerQuery(ref, "search", service, f'{n.CORRELATION_ID}="$correlation_id"')


def dependencies(ref: str) -> JaegerQuery:
    """Who calls whom, in all traces of the time range."""
    return JaegerQuery(ref, "dependencyGraph")
