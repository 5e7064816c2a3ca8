"""A database by its URL: PostgreSQL, or SQLite where there is none."""

from __future__ import annotations

import time
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from demo_services.shared.faults import FAULTS
from demo_services.shared.settings import Secret

_tracer = trace.get_tracer("demo_services")
_SYSTEMS = {"sqlite": "sqlite", "postgresql": "postgresql"}


def connect(url: Secret) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`.

    The URL holds a password, so it is a Secret; SQLAlchemy's own texts hide it.
    """
    parsed = make_url(url.reveal())
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite":
        engine = create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20)
    else:
        engine = create_engine(parsed, connect_args={"timeout": 30})
        _write_first(engine)
    _observe(engine)
    return engine


def _write_first(engine: Engine) -> None:
    """SQLite: lock for writing at the start, for a reader can't be promoted to a writer."""

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.create_function("pg_sleep", 1, time.sleep)
        connection.execute("PRAGMA journal_mode=WAL")
        # What is committed outlives the process, if not the power: enough for a demo's data.
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def _(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _observe(engine: Engine) -> None:
    """A span for each query of a request; none for what runs by itself every moment.

    https://opentelemetry.io/docs/specs/semconv/database/database-spans/
    """
    system = _SYSTEMS[engine.dialect.name]

    @event.listens_for(engine, "before_cursor_execute")
    def _(_c: Any, cursor: Any, statement: str, _p: Any, context: Any, _m: Any) -> None:
        slow = FAULTS.level("slow-query")
        words = statement.split()
        if trace.get_current_span().is_recording() and words[0] != "BEGIN":
            context.shop_span = _tracer.start_span(
                f"{words[0]} {system}",
                kind=SpanKind.CLIENT,
                # Only placeholders stand in the text: no value of anybody's goes along.
                attributes={
                    "db.system.name": system,
                    "db.operation.name": words[0],
                    "db.query.text": statement,
                },
            )
        if slow:
            cursor.execute(f"SELECT pg_sleep({slow:f})")

    @event.listens_for(engine, "after_cursor_execute")
    def _(_c: Any, _cursor: Any, _s: str, _p: Any, context: Any, _m: Any) -> None:
        span = getattr(context, "shop_span", None)
        if span is not None:
            span.end()

    @event.listens_for(engine, "handle_error")
    def _(failed: Any) -> None:
        span = getattr(failed.execution_context, "shop_span", None)
        if span is not None:
            span.set_attribute("error.type", type(failed.original_exception).__name__)
            span.set_status(trace.StatusCode.ERROR)
            span.end()
