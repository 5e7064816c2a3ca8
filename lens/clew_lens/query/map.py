"""Who calls whom: services, databases and queues, with rates and errors on the edges."""

from __future__ import annotations

from typing import Any

from ..store.database import Reader
from .span import millis
from .window import Window

_CALLS = """
WITH child AS (
    SELECT parent_id, service, status, duration FROM spans
    WHERE entry AND kind <> 5 AND parent_id <> 0 AND time BETWEEN $from AND $to
)
SELECT p.service, c.service, 'service', count(*), 
       count(*) FILTER (c.status = 2 OR p.status = 2 AND p.kind IN (3, 4)),
       quantile_disc(c.duration, 0.95)
FROM child c JOIN spans p ON p.span_id = c.parent_id
WHERE p.service <> c.service AND p.time BETWEEN $from - 600000000000 AND $to
GROUP BY ALL
"""
_PEERS = """
SELECT service, peer, peer_type, count(*), count(*) FILTER (status = 2),
       quantile_disc(duration, 0.95), max_by(span_id, time, 20)
FROM spans
WHERE kind = 3 AND peer <> '' AND peer_type <> 'queue' AND time BETWEEN $from AND $to
GROUP BY service, peer, peer_type
"""
_QUEUES = """
SELECT service, peer, kind, count(*), count(*) FILTER (status = 2), quantile_disc(duration, 0.95)
FROM spans WHERE kind >= 3 AND peer_type = 'queue' AND time BETWEEN $from AND $to GROUP BY ALL
"""
# Consumers tied to their producer by a parent or a link but with no queue name on either span.
_LINKED = """
SELECT p.service, c.service, 'link', count(*), count(*) FILTER (c.status = 2),
       quantile_disc(c.duration, 0.95)
FROM links l
JOIN spans c ON c.span_id = l.span_id AND c.trace_lo = l.trace_lo
JOIN spans p ON p.span_id = l.linked_span AND p.trace_lo = l.linked_lo
WHERE l.time BETWEEN $from AND $to AND c.peer_type <> 'queue' AND p.service <> c.service
GROUP BY ALL
"""
_NODES = """
SELECT service, count(*), count(*) FILTER (status = 2), quantile_disc(duration, 0.95)
FROM spans WHERE entry AND time BETWEEN $from AND $to GROUP BY 1
"""


def service_map(read: Reader, window: Window) -> dict[str, Any]:
    """Nodes `{name, type, rate, error_share, p95_ms}` and edges between them."""
    bounds: Any = {"from": window.start, "to": window.end}
    nodes: dict[tuple[str, str], dict[str, Any]] = {}
    edges: list[dict[str, Any]] = []
    for service, count, errors, p95 in read.named(_NODES, bounds):
        nodes["service", service] = _node(service, "service", count, errors, p95, window)
    for source, target, _, count, errors, p95 in read.named(_CALLS, bounds):
        edges.append(_edge("service", source, "service", target, count, errors, p95, window))
    for source, target, _, count, errors, p95 in read.named(_LINKED, bounds):
        edges.append(_edge("service", source, "service", target, count, errors, p95, window))
    for source, target, kind, count, errors, p95 in _silent_peers(read, bounds):
        sort = "db" if kind == "db" else "external"
        edges.append(_edge("service", source, sort, target, count, errors, p95, window))
    for service, queue, kind, count, errors, p95 in read.named(_QUEUES, bounds):
        ends = (
            ("queue", queue, "service", service)
            if kind == 5
            else ("service", service, "queue", queue)
        )
        edges.append(_edge(*ends, count, errors, p95, window))
    for edge in edges:
        for end in ("source", "target"):
            sort, name = edge[end].split(":", 1)
            nodes.setdefault((sort, name), _node(name, sort, 0, 0, None, window))
    return {"nodes": list(nodes.values()), "edges": edges}


def _silent_peers(read: Reader, bounds: dict[str, int]) -> list[tuple[Any, ...]]:
    """Peers that send no spans of their own: databases, and services without telemetry.

    Told by the latest calls to each: where any of them has a child span, the peer speaks for
    itself, and the edge to it is already there.
    """
    found = read.named(_PEERS, bounds)
    calls = [span for row in found if row[2] != "db" for span in row[6]]
    query = "SELECT DISTINCT parent_id FROM spans WHERE parent_id IN (SELECT unnest(?::UBIGINT[]))"
    answered = {row[0] for row in read.rows(query, [calls])} if calls else set()
    return [row[:6] for row in found if row[2] == "db" or answered.isdisjoint(row[6])]


def _node(
    name: str, sort: str, count: int, errors: int, p95: int | None, window: Window
) -> dict[str, Any]:
    return {
        "id": f"{sort}:{name}",
        "name": name,
        "type": sort,
        "rate": round(count / window.seconds, 3),
        "error_share": round(errors / count, 5) if count else 0.0,
        "p95_ms": None if p95 is None else millis(p95),
    }


def _edge(
    from_sort: str, source: str, to_sort: str, target: str,
    count: int, errors: int, p95: int, window: Window,
) -> dict[str, Any]:  # fmt: skip
    return {
        "source": f"{from_sort}:{source}",
        "target": f"{to_sort}:{target}",
        "count": count,
        "rate": round(count / window.seconds, 3),
        "errors": errors,
        "error_share": round(errors / count, 5) if count else 0.0,
        "p95_ms": millis(p95),
    }
