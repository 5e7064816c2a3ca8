"""Kafka behind the bus: a topic for each kind of event, a consumer group for each service.

`kafka://host:port,host:port`. Kafka counts no attempts, so a message that fails is tried again on
the spot; what comes after it waits, and keeps its order. Dead letters are a topic, `QUEUE.dead`.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer

from demo_services.bus._attempt import Verdict, attempt
from demo_services.bus._depth import Depth
from demo_services.bus._interface import BusDown, Handle, Message
from demo_services.shared.settings import Secret

logger = logging.getLogger(__name__)

_SEND_S = 5.0
_POLL_S = 0.2
_PAUSE_S = 0.1


class KafkaPublisher:
    """Returns once all replicas have the message; Kafka keeps it for groups that come later."""

    system = "kafka"

    def __init__(self, url: Secret) -> None:
        self._servers = _servers(url)
        self._producer: Producer | None = None

    def publish(self, message: Message) -> None:
        if self._producer is None:
            self._producer = _producer(self._servers)
        _send(self._producer, message.topic, message)

    def close(self) -> None:
        self._producer = None


class KafkaSubscriber:
    """Takes messages one after the other; says that one is done only when it is."""

    system = "kafka"

    def __init__(self, url: Secret, queue: str, topic: str) -> None:
        self._servers = _servers(url)
        self._queue = queue
        self._topic = topic

    def run(self, handle: Handle, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._consume(handle, stop)
            except (KafkaException, BusDown) as error:  # the last message comes again
                logger.warning("the broker is away (%s); trying again", error)
                stop.wait(_PAUSE_S)

    def _consume(self, handle: Handle, stop: threading.Event) -> None:
        consumer = self._consumer()
        dead = _producer(self._servers)
        consumer.subscribe([self._topic])
        depth = Depth(self._queue)
        try:
            while not stop.is_set():
                depth.tell(lambda: _behind(consumer))
                record = consumer.poll(_POLL_S)
                if record is None:
                    continue
                error = record.error()
                if error is not None:
                    logger.warning("nothing comes from the broker: %s", error.name())
                elif self._handled(_message(record), handle, stop, dead):
                    consumer.commit(message=record, asynchronous=False)
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        settings = {
            "bootstrap.servers": self._servers,
            "group.id": self._queue,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "allow.auto.create.topics": True,
            # A worker that was killed is replaced after this time, in ms.
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1000,
        }
        return Consumer(settings, logger=logger)

    def _handled(
        self, message: Message, handle: Handle, stop: threading.Event, dead: Producer
    ) -> bool:
        number = 1
        while True:
            verdict = attempt(self.system, self._queue, message, handle, number)
            if verdict is Verdict.PARK:
                _send(dead, f"{self._queue}.dead", message)
            if verdict is not Verdict.AGAIN:
                return True
            if stop.wait(_PAUSE_S * number):
                return False
            number += 1


def _behind(consumer: Consumer) -> int:
    """How many messages of its partitions the consumer has not read, as far as it knows."""
    behind = 0
    for place in consumer.position(consumer.assignment()):
        _, end = consumer.get_watermark_offsets(place, cached=True)
        if place.offset >= 0 and end >= 0:  # negative: not known yet
            behind += max(0, end - place.offset)
    return behind


def _servers(url: Secret) -> str:
    return url.reveal().removeprefix("kafka://").rstrip("/")


def _producer(servers: str) -> Producer:
    settings = {
        "bootstrap.servers": servers,
        "enable.idempotence": True,  # with it comes acks=all
        "delivery.timeout.ms": int(_SEND_S * 1000),
        "linger.ms": 0,
    }
    return Producer(settings, logger=logger)


def _send(producer: Producer, topic: str, message: Message) -> None:
    failures: list[str] = []

    def delivered(error: Any, _record: Any) -> None:
        if error is not None:
            failures.append(error.name())

    headers: list[tuple[str, str | bytes | None]] = [("message_id", message.id)]
    headers += message.headers.items()
    producer.produce(topic, message.body, key=message.id, headers=headers, on_delivery=delivered)
    left = producer.flush(_SEND_S + 1)
    if failures or left:
        raise BusDown(f"the broker took no message: {failures or 'no answer'}")


def _message(record: Any) -> Message:
    headers = {key: _text(value) for key, value in record.headers() or ()}
    return Message(headers.pop("message_id", ""), record.topic(), record.value() or b"", headers)


def _text(value: Any) -> str:
    return bytes(value or b"").decode("utf-8", "replace")
