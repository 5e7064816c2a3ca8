"""What needs no server: sqlite3, SQLAlchemy, gRPC in one process, Django, Celery in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.instrumentation.contrib.conftest import (
    CLIENT,
    CONSUMER,
    PRODUCER,
    SERVER,
    is_child_with_the_thread,
    needs,
    needs_contrib,
    run,
    went_along,
)
from tests.support.otlp_sink import Sink

SQLITE = """
import sqlite3
def work():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (n INTEGER)")
    cursor = connection.cursor()
    cursor.execute("INSERT INTO t VALUES (?)", (1,))
call("sqlite3", work)
"""


def test_sqlite3(sink: Sink) -> None:
    """Each statement of a cursor is a span, without its values."""
    needs_contrib("sqlite3", "dbapi")
    ran = run(SQLITE, sink)
    spans = ran.of("sqlite3", CLIENT)
    insert = spans[-1]
    is_child_with_the_thread(ran, "sqlite3", insert)
    assert insert.attributes["db.statement"] == "INSERT INTO t VALUES (?)"


SQLALCHEMY = """
import sqlalchemy
told["version"] = sqlalchemy.__version__
engine = sqlalchemy.create_engine("sqlite://")
def work():
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("SELECT :n"), {"n": 7})
call("sqlalchemy", work)
tell()
"""


def test_sqlalchemy(sink: Sink) -> None:
    """A statement is a span of SQLAlchemy's instrumentation. Of release 2.0: it refuses 2.1."""
    needs("sqlalchemy")
    needs_contrib("sqlalchemy")
    ran = run(SQLALCHEMY, sink, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="sqlite3")
    if not ran.told["version"].startswith("2.0."):
        pytest.skip(f"SQLAlchemy {ran.told['version']} is not supported by its instrumentation")
    span = next(one for one in ran.of("sqlalchemy", CLIENT) if "SELECT" in one.data.name)
    is_child_with_the_thread(ran, "sqlalchemy", span)
    assert span.scope == "opentelemetry.instrumentation.sqlalchemy"
    assert span.attributes["db.statement"] == "SELECT ?"


GRPC = """
import grpc
from concurrent.futures import ThreadPoolExecutor

def answer(request, context):
    told["metadata"] = {key: value for key, value in context.invocation_metadata()}
    told["thread"] = clew.correlation_id()
    return b"answer"

class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(answer)

server = grpc.server(ThreadPoolExecutor(1), handlers=(Handler(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
def work():
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary("/shop.Stock/Take")(b"", timeout=20) == b"answer"
call("grpc", work)
server.stop(None).wait()

class AsyncHandler(grpc.GenericRpcHandler):
    def service(self, details):
        async def answer_later(request, context):
            return answer(request, context)
        return grpc.unary_unary_rpc_method_handler(answer_later)

async def aio():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((AsyncHandler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert await channel.unary_unary("/shop.Stock/Take")(b"", timeout=20) == b"answer"
    await server.stop(None)
call("grpc.aio", lambda: asyncio.run(aio()))
tell()
"""


def test_grpc(sink: Sink) -> None:
    """Client and server, threads and asyncio: the server's span is the child of the client's."""
    needs("grpc")
    needs_contrib("grpc")
    ran = run(GRPC, sink)
    for name in ("grpc", "grpc.aio"):
        client, server = ran.only(name, CLIENT), ran.only(name, SERVER)
        is_child_with_the_thread(ran, name, client)
        assert server.data.parent_span_id == client.data.span_id
        assert server.attributes["correlation_id"] == f"thread-{name}"
    went_along(ran, "grpc.aio", ran.only("grpc.aio", CLIENT), ran.told["metadata"])
    assert ran.told["thread"] == "thread-grpc.aio"


DJANGO_SETTINGS = """
SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
MIDDLEWARE = []
"""
DJANGO_URLS = """
import logging
from django.http import HttpResponse
from django.urls import path
def user(request, number):
    logging.getLogger("shop").info("user %d", number)
    return HttpResponse("user")
urlpatterns = [path("users/<int:number>", user)]
"""
DJANGO = """
import django
django.setup()
from django.test import Client
headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "X-Correlation-ID": "ticket-7"}
told["status"] = Client().get("/users/1", headers=headers).status_code
tell()
"""


def test_django(sink: Sink, tmp_path: Path) -> None:
    """A request is a server span of its route in the caller's trace; its lines have the ids."""
    needs("django")
    needs_contrib("django", "wsgi")
    (tmp_path / "settings.py").write_text(DJANGO_SETTINGS)
    (tmp_path / "urls.py").write_text(DJANGO_URLS)
    own = {"PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "settings"}
    ran = run(DJANGO, sink, **own)
    assert ran.told["status"] == 200
    (span,) = ran.sink.spans()
    assert span.data.kind == SERVER
    assert span.data.trace_id.hex() == "a" * 32
    assert span.attributes["correlation_id"] == "ticket-7"
    assert span.attributes["http.route"] == "users/<int:number>"
    (record,) = (one for one in ran.sink.logs() if one.scope == "shop")
    assert record.data.span_id == span.data.span_id
    assert record.attributes["correlation_id"] == "ticket-7"


CELERY = """
from celery import Celery
from celery.contrib.testing.worker import start_worker
app = Celery("tasks", broker="memory://", backend="cache+memory://")
@app.task
def add(one, two):
    told["thread"] = clew.correlation_id()
    return one + two
with start_worker(app, perform_ping_check=False, pool="solo"):
    told["sum"] = call("celery", lambda: add.delay(1, 2).get(timeout=20))
tell()
"""


def test_celery(sink: Sink) -> None:
    """Sending a task and running it are two spans of one trace, and the id is in the task."""
    needs("celery")
    needs_contrib("celery")
    ran = run(CELERY, sink)
    assert ran.told == {"thread": "thread-celery", "sum": 3}
    sent, worked = ran.only("celery", PRODUCER), ran.only("celery", CONSUMER)
    is_child_with_the_thread(ran, "celery", sent)
    assert worked.data.parent_span_id == sent.data.span_id
    assert worked.attributes["correlation_id"] == "thread-celery"
