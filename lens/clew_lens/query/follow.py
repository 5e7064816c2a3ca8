"""Follow: from any id to everything that is known of one request."""

from __future__ import annotations

from typing import Any

from .._errors import BadRequest, NotFound
from ..otlp.values import token
from ..store.database import Reader
from .cause import cause
from .routes import route_metrics
from .span import LOG_COLUMNS, log
from .traces import shaped, spans_of
from .where import Where

Key = tuple[int, int]
MOST_TRACES = 20
MOST_LOGS = 2000


def follow(read: Reader, text: str) -> dict[str, Any]:
    """Traces, log lines, cause and route metrics for an id. Raises NotFound.

    `text` is a correlation id, a trace id, a span id, `key=value` for any attribute, or the
    value of one of a few attributes that name a user or an order.
    """
    text = text.strip()
    if not text:
        raise BadRequest("id is empty: give a correlation id, a trace id or key=value")
    kind, keys = _resolve(read, text)
    logs = _logs(read, kind, text, keys)
    keys = keys or _traces_of_logs(logs)
    keys = _with_linked(read, keys[:MOST_TRACES])
    spans = spans_of(read, keys)
    if not spans and not logs:
        raise NotFound(f"nothing is stored under {text[:100]!r}")
    traces = [shaped(group) for group in _by_trace(spans)]
    return {
        "id": text,
        "kind": kind,
        "traces": traces,
        "logs": [log(row) for row in logs],
        "logs_truncated": len(logs) == MOST_LOGS,
        "cause": cause(spans, [log(row) for row in logs]),
        "routes": route_metrics(read, spans),
    }


def _resolve(read: Reader, text: str) -> tuple[str, list[Key]]:
    """What sort of id it is, and the traces it leads to, newest first."""
    number = _hex(text)
    if number is not None and len(text) == 32:
        key = (number >> 64, number & (1 << 64) - 1)
        if _keys(read, "trace_lo = ? AND trace_hi = ?", key[1], key[0]):
            return "trace_id", [key]
    found = _keys(read, "correlation_id = ?", text)
    if found:
        return "correlation_id", found
    if number is not None and len(text) == 16:
        found = _keys(read, "span_id = ?", number)
        if found:
            return "span_id", found
    if "=" in text:
        where = Where().attribute("span", text)
        return "attribute", _keys(read, " AND ".join(where.parts), *where.params)
    found = _by_value(read, text)
    return ("attribute", found) if found else ("correlation_id", [])


_VALUE_KEYS = ("user.id", "enduser.id", "session.id", "order.id", "request.id", "customer.id")


def _by_value(read: Reader, text: str) -> list[Key]:
    """Traces where an attribute that names someone or something has this value."""
    tokens = [token(key, text) for key in _VALUE_KEYS]
    condition = "seq IN (SELECT seq FROM span_tokens WHERE token IN (SELECT unnest(?::UBIGINT[])))"
    return _keys(read, condition, tokens)


def _hex(text: str) -> int | None:
    try:
        return int(text, 16) if text.isalnum() else None
    except ValueError:
        return None


def _keys(read: Reader, condition: str, *params: Any) -> list[Key]:
    rows = read.rows(
        f"SELECT trace_hi, trace_lo FROM spans WHERE {condition}"
        " GROUP BY ALL ORDER BY max(time) DESC LIMIT ?",
        [*params, MOST_TRACES],
    )
    return [(row[0], row[1]) for row in rows]


def _logs(read: Reader, kind: str, text: str, keys: list[Key]) -> list[dict[str, Any]]:
    conditions: list[str] = []
    params: list[Any] = []
    if keys:
        conditions.append("trace_lo IN (SELECT unnest(?::UBIGINT[]))")
        params.append([low for _, low in keys])
    if kind == "correlation_id":
        conditions.append("correlation_id = ?")
        params.append(text)
    if kind == "attribute" and "=" in text:
        where = Where().attribute("log", text)
        conditions.extend(where.parts)
        params.extend(where.params)
    if not conditions:
        return []
    return read.dicts(
        f"SELECT {LOG_COLUMNS} FROM logs WHERE {' OR '.join(conditions)}"
        " ORDER BY time, seq LIMIT ?",
        [*params, MOST_LOGS],
    )


def _traces_of_logs(logs: list[dict[str, Any]]) -> list[Key]:
    keys = {(row["trace_hi"], row["trace_lo"]): None for row in logs}
    return [key for key in keys if any(key)][:MOST_TRACES]


def _with_linked(read: Reader, keys: list[Key]) -> list[Key]:
    """The traces and those that they link to or that link to them, one step."""
    if not keys:
        return keys
    lows = [low for _, low in keys]
    rows = read.rows(
        "SELECT trace_hi, trace_lo FROM links WHERE linked_lo IN (SELECT unnest(?::UBIGINT[]))"
        " UNION SELECT linked_hi, linked_lo FROM links"
        " WHERE trace_lo IN (SELECT unnest(?::UBIGINT[])) LIMIT ?",
        [lows, lows, MOST_TRACES],
    )
    return list(dict.fromkeys([*keys, *((row[0], row[1]) for row in rows)]))


def _by_trace(spans: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for span in spans:
        found.setdefault(span["trace_id"], []).append(span)
    return list(found.values())
