"""Both clients of Kafka, against the broker that librdkafka has for tests, in this process."""

from __future__ import annotations

import pytest

from tests.instrumentation.contrib.conftest import (
    CONSUMER,
    PRODUCER,
    Ran,
    is_child_with_the_thread,
    needs,
    needs_contrib,
    run,
)
from tests.support.otlp_sink import Sink

PROGRAM = """
import importlib.util, time
import confluent_kafka
broker = confluent_kafka.Producer({"test.mock.num.brokers": 1})
(address,) = (str(b).split("/")[0] for b in broker.list_topics(timeout=20).brokers.values())

def send_confluent():
    producer = confluent_kafka.Producer({"bootstrap.servers": address})
    producer.produce("orders", b"one")
    assert producer.flush(20) == 0

def read_confluent():
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": address, "group.id": "g", "auto.offset.reset": "earliest",
    })
    consumer.subscribe(["orders"])
    deadline = time.monotonic() + 40
    message = None
    while message is None and time.monotonic() < deadline:
        message = consumer.poll(1)
    told["confluent"] = {key.lower(): value.decode() for key, value in message.headers()}
    consumer.close()

call("confluent", send_confluent)
call("confluent read", read_confluent)

if importlib.util.find_spec("kafka"):
    import kafka
    # Told the release, for it cannot read this broker's answer to its question.
    common = {"bootstrap_servers": address, "api_version": (0, 11)}
    def send():
        producer = kafka.KafkaProducer(**common, enable_idempotence=False)
        producer.send("stock", b"one", partition=0).get(timeout=20)
        producer.close()
    call("kafka", send)
    def read():
        consumer = kafka.KafkaConsumer(**common, consumer_timeout_ms=20_000)
        consumer.assign([kafka.TopicPartition("stock", 0)])
        consumer.seek_to_beginning()
        message = next(consumer)
        told["kafka"] = {key.lower(): value.decode() for key, value in message.headers}
        consumer.close()
    call("kafka read", read)
tell()
"""


@pytest.fixture(scope="module")
def ran(module_sink: Sink) -> Ran:
    needs("confluent_kafka")
    return run(PROGRAM, module_sink)


@pytest.mark.parametrize(
    ("library", "package", "contrib"),
    [("confluent", "confluent_kafka", "confluent_kafka"), ("kafka", "kafka", "kafka")],
)
def test_kafka(library: str, package: str, contrib: str, ran: Ran) -> None:
    """A message is one span at its producer, whose context and correlation id it carries."""
    needs(package)
    needs_contrib(contrib)
    sent = ran.only(library, PRODUCER)
    is_child_with_the_thread(ran, library, sent)
    trace_id = sent.data.trace_id.hex()
    assert ran.told[library]["traceparent"].startswith(f"00-{trace_id}-")
    assert ran.told[library]["x-correlation-id"] == f"thread-{library}"
    read = [one for one in ran.sink.spans() if one.data.kind == CONSUMER]
    assert any(
        one.data.trace_id.hex() == trace_id
        or trace_id in {link.trace_id.hex() for link in one.data.links}
        for one in read
    ), "the consumer's span is of the producer's trace, or linked to it"
