"""The tables. Ids are pairs of 64-bit numbers, times are nanoseconds since 1970 in a BIGINT.

Rows arrive about in time order, so DuckDB's per-block minima and maxima make a time range cheap
without an index. `*_tokens` hold a hash of each `key=value`, which turns a search for any attribute
into a scan of numbers instead of all attribute text.
"""

VERSION = 1

TABLES: dict[str, str] = {
    "spans": """
        seq BIGINT, time BIGINT, duration BIGINT, trace_hi UBIGINT, trace_lo UBIGINT,
        span_id UBIGINT, parent_id UBIGINT, service VARCHAR, name VARCHAR, kind UTINYINT,
        status UTINYINT, entry BOOLEAN, route VARCHAR, method VARCHAR, code USMALLINT,
        version VARCHAR, correlation_id VARCHAR, peer VARCHAR, peer_type VARCHAR,
        resource UBIGINT, scope VARCHAR, status_message VARCHAR, attrs VARCHAR,
        events VARCHAR, links VARCHAR, dropped UINTEGER""",
    "logs": """
        seq BIGINT, time BIGINT, trace_hi UBIGINT, trace_lo UBIGINT, span_id UBIGINT,
        service VARCHAR, severity UTINYINT, severity_text VARCHAR, body VARCHAR, logger VARCHAR,
        correlation_id VARCHAR, exception VARCHAR, stacktrace VARCHAR, version VARCHAR,
        resource UBIGINT, attrs VARCHAR, dropped UINTEGER""",
    "span_tokens": "token UBIGINT, seq BIGINT",
    "log_tokens": "token UBIGINT, seq BIGINT",
    "links": """
        time BIGINT, trace_hi UBIGINT, trace_lo UBIGINT, span_id UBIGINT,
        linked_hi UBIGINT, linked_lo UBIGINT, linked_span UBIGINT""",
    "resources": "id UBIGINT, service VARCHAR, version VARCHAR, instance VARCHAR, attrs VARCHAR",
    "series": """
        id UBIGINT, name VARCHAR, kind VARCHAR, unit VARCHAR, description VARCHAR,
        service VARCHAR, resource UBIGINT, temporality VARCHAR, monotonic BOOLEAN,
        attrs VARCHAR""",
    "points": """
        series UBIGINT, time BIGINT, start BIGINT, value DOUBLE, n BIGINT, sum DOUBLE,
        min DOUBLE, max DOUBLE, buckets UBIGINT[], bounds DOUBLE[]""",
    "exemplars": """
        series UBIGINT, time BIGINT, value DOUBLE, trace_hi UBIGINT, trace_lo UBIGINT,
        span_id UBIGINT""",
    "meta": "key VARCHAR, value VARCHAR",
}


def create_statements() -> list[str]:
    """The statements that make an empty store."""
    made = [f"CREATE TABLE IF NOT EXISTS {name} ({columns})" for name, columns in TABLES.items()]
    made.append(
        f"INSERT INTO meta SELECT 'schema', '{VERSION}' "
        "WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'schema')"
    )
    return made
