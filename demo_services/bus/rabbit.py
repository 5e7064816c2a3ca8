"""RabbitMQ behind the bus: a topic exchange, a quorum queue a service, and its dead letters."""

from __future__ import annotations

import logging
import threading

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from demo_services.bus._attempt import Verdict, attempt
from demo_services.bus._depth import Depth
from demo_services.bus._event import AUDIENCE
from demo_services.bus._interface import MAX_ATTEMPTS, BusDown, Handle, Message
from demo_services.shared.settings import Secret

logger = logging.getLogger(__name__)

EXCHANGE = "shop"
DEAD = "shop.dead"
_PAUSE_S = 0.5
# pika tells every step of every connection; what matters of it, this module tells.
logging.getLogger("pika").setLevel(logging.CRITICAL)
# What pika raises when the broker is away, or goes away.
_GONE = (AMQPError, OSError)


def _connect(url: Secret) -> BlockingChannel:
    parameters = pika.URLParameters(url.reveal())
    parameters.socket_timeout = 3
    parameters.blocked_connection_timeout = 5
    parameters.heartbeat = 30
    channel = pika.BlockingConnection(parameters).channel()
    channel.exchange_declare(EXCHANGE, "topic", durable=True)
    channel.exchange_declare(DEAD, "direct", durable=True)
    return channel


class RabbitPublisher:
    """Sends with confirmation, to queues that exist: an event that nobody keeps is not sent."""

    system = "rabbitmq"

    def __init__(self, url: Secret) -> None:
        self._url = url
        self._channel: BlockingChannel | None = None

    def publish(self, message: Message) -> None:
        try:
            self._send(message)
        except _GONE:
            self.close()
            self._once_more(message)

    def _once_more(self, message: Message) -> None:
        """An idle connection is closed by the broker without a word: the first try tells."""
        try:
            self._send(message)
        except _GONE as error:
            self.close()
            # Not the error's own text: it may hold the URL.
            raise BusDown(f"the broker took no message: {type(error).__name__}") from error

    def _send(self, message: Message) -> None:
        if self._channel is None:
            self._channel = _connect(self._url)
            self._channel.confirm_delivery()
            for queue in AUDIENCE.get(message.topic, ()):
                declare(self._channel, queue, message.topic)
        properties = pika.BasicProperties(
            message_id=message.id,
            headers=dict(message.headers),
            content_type="application/json",
            delivery_mode=pika.DeliveryMode.Persistent,
        )
        self._channel.basic_publish(
            EXCHANGE, message.topic, message.body, properties, mandatory=True
        )

    def close(self) -> None:
        channel, self._channel = self._channel, None
        try:
            if channel is not None and channel.connection.is_open:
                channel.connection.close()
        except _GONE:
            pass


class RabbitSubscriber:
    """Takes messages one after the other; those that were not acknowledged come again."""

    system = "rabbitmq"

    def __init__(self, url: Secret, queue: str, topic: str) -> None:
        self._url = url
        self._queue = queue
        self._topic = topic

    def run(self, handle: Handle, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._consume(handle, stop)
            except _GONE as error:
                logger.warning("the broker is away (%s); trying again", type(error).__name__)
                stop.wait(_PAUSE_S)

    def _consume(self, handle: Handle, stop: threading.Event) -> None:
        channel = _connect(self._url)
        declare(channel, self._queue, self._topic)
        channel.basic_qos(prefetch_count=20)
        depth = Depth(self._queue)
        logger.info("listening to %s", self._queue)
        for method, properties, body in channel.consume(self._queue, inactivity_timeout=0.2):
            if stop.is_set():
                break
            depth.tell(lambda: _waiting(channel, self._queue))
            if method is None:
                continue
            message = Message(
                properties.message_id or "", self._topic, body, _headers(properties.headers)
            )
            number = 1 + int((properties.headers or {}).get("x-delivery-count", 0))
            verdict = attempt(self.system, self._queue, message, handle, number)
            self._settle(channel, method.delivery_tag, verdict, number)
        channel.connection.close()  # what was fetched and not handled goes back into the queue

    def _settle(self, channel: BlockingChannel, tag: int, verdict: Verdict, number: int) -> None:
        if verdict is Verdict.DONE:
            channel.basic_ack(tag)
        elif verdict is Verdict.PARK:
            channel.basic_reject(tag, requeue=False)
        else:
            channel.connection.sleep(0.1 * number)
            channel.basic_nack(tag, requeue=True)


def declare(channel: BlockingChannel, queue: str, topic: str) -> None:
    """The queue and its dead letters. Quorum queues survive, and count deliveries."""
    dead = f"{queue}.dead"
    channel.queue_declare(dead, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(dead, DEAD, queue)
    arguments = {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": queue,
        # A second net, should a handler kill the process each time.
        "x-delivery-limit": 2 * MAX_ATTEMPTS,
    }
    channel.queue_declare(queue, durable=True, arguments=arguments)
    channel.queue_bind(queue, EXCHANGE, topic)


def _waiting(channel: BlockingChannel, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def _headers(given: object) -> dict[str, str]:
    headers = given if isinstance(given, dict) else {}
    return {key: value for key, value in headers.items() if isinstance(value, str)}
