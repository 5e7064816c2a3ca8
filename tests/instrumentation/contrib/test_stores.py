"""Redis, PostgreSQL and RabbitMQ as installed on the machine, each with its clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo_services.brokers import own_stack
from tests.instrumentation.contrib.conftest import (
    CLIENT,
    CONSUMER,
    PRODUCER,
    Ran,
    is_child_with_the_thread,
    needs,
    needs_contrib,
    run,
)
from tests.support.otlp_sink import Sink

pytestmark = pytest.mark.backends

PROGRAM = """
import os
REDIS, RABBIT = os.environ["CLEW_REDIS_URL"], os.environ["CLEW_RABBITMQ_URL"]
POSTGRES = os.environ["CLEW_POSTGRES_URL"].replace("+psycopg", "")

def with_redis():
    import redis
    redis.Redis.from_url(REDIS).set("key", "secret")
def with_psycopg():
    import psycopg
    with psycopg.connect(POSTGRES) as connection:
        connection.execute("SELECT %s", (7,))
def with_asyncpg():
    import asyncpg
    async def main():
        connection = await asyncpg.connect(POSTGRES)
        await connection.fetchval("SELECT $1::int", 7)
        await connection.close()
    asyncio.run(main())
def with_pika():
    import pika
    with pika.BlockingConnection(pika.URLParameters(RABBIT)) as connection:
        channel = connection.channel()
        channel.queue_declare("orders", auto_delete=False)
        channel.basic_publish("", "orders", b"one")
        def take(channel, method, properties, body):
            told["pika"] = {key.lower(): str(value) for key, value in properties.headers.items()}
            told["pika thread"] = clew.correlation_id()
            channel.stop_consuming()
        channel.basic_consume("orders", take, auto_ack=True)
        channel.start_consuming()
def with_aio_pika():
    import aio_pika
    async def main():
        connection = await aio_pika.connect(RABBIT)
        async with connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("stock")
            done = asyncio.Event()
            async def take(message):
                told["aio_pika"] = {k.lower(): str(v) for k, v in message.headers.items()}
                told["aio_pika thread"] = clew.correlation_id()
                await message.ack()
                done.set()
            await queue.consume(take)
            await channel.default_exchange.publish(aio_pika.Message(b"one"), routing_key="stock")
            await asyncio.wait_for(done.wait(), 20)
    asyncio.run(main())
for name, work in list(globals().items()):
    if name.startswith("with_"):
        try:
            call(name[5:], work)
        except ImportError as error:
            told[name[5:] + " missing"] = str(error)
tell()
"""


@pytest.fixture(scope="module")
def ran(module_sink: Sink) -> Iterator[Ran]:
    """One program with all five, on stores of its own."""
    with own_stack("postgres", "redis", "epmd", "rabbitmq") as stack:
        yield run(PROGRAM, module_sink, **stack.addresses())


@pytest.mark.parametrize("library", ["redis", "psycopg", "asyncpg"])
def test_a_database(library: str, ran: Ran) -> None:
    """A command or statement is a span below the caller's, without its values."""
    needs(library)
    needs_contrib(library)
    spans = ran.of(library, CLIENT)
    span = spans[-1]
    is_child_with_the_thread(ran, library, span)
    assert span.scope == f"opentelemetry.instrumentation.{library}"
    text = span.attributes["db.statement"]
    assert "secret" not in text and "7" not in text


@pytest.mark.parametrize("library", ["pika", "aio_pika"])
def test_rabbitmq(library: str, ran: Ran) -> None:
    """A message carries trace and correlation id; whoever takes it goes on with both."""
    needs(library)
    needs_contrib(library)
    headers = ran.told[library]
    # pika's instrumentation makes two spans of publishing, one within the other.
    sent = next(
        one
        for one in ran.of(library, PRODUCER)
        if headers["traceparent"].split("-")[2] == one.data.span_id.hex()
    )
    around = {one.data.span_id: one for one in ran.of(library, PRODUCER)}
    outer = around.get(sent.data.parent_span_id, sent)
    is_child_with_the_thread(ran, library, outer)
    assert sent.attributes["correlation_id"] == f"thread-{library}"
    assert headers["x-correlation-id"] == f"thread-{library}"
    assert ran.told[f"{library} thread"] == f"thread-{library}"
    taken = ran.of(library, CONSUMER)
    assert taken and taken[-1].data.parent_span_id == sent.data.span_id
