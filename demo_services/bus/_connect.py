"""From a URL to a bus: `amqp:` is RabbitMQ, `kafka:` Kafka, `sqlite:` a file instead of both."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from demo_services.bus._interface import Handle, Publisher, Subscriber
from demo_services.shared.settings import Secret, SettingsError

logger = logging.getLogger(__name__)


def publisher(url: Secret) -> Publisher:
    """A publisher; nothing is connected before it publishes."""
    if _scheme(url) == "kafka":
        from demo_services.bus.kafka import KafkaPublisher

        return KafkaPublisher(url)
    if _scheme(url) == "sqlite":
        from demo_services.bus.sqlite import SqlitePublisher

        return SqlitePublisher(url)
    from demo_services.bus.rabbit import RabbitPublisher

    return RabbitPublisher(url)


def subscriber(url: Secret, queue: str, topic: str) -> Subscriber:
    """A subscriber; nothing is connected before it runs."""
    if _scheme(url) == "kafka":
        from demo_services.bus.kafka import KafkaSubscriber

        return KafkaSubscriber(url, queue, topic)
    if _scheme(url) == "sqlite":
        from demo_services.bus.sqlite import SqliteSubscriber

        return SqliteSubscriber(url, queue, topic)
    from demo_services.bus.rabbit import RabbitSubscriber

    return RabbitSubscriber(url, queue, topic)


@contextmanager
def subscribed(
    url: Secret, queue: str, topic: str, handle: Handle, stop: threading.Event
) -> Iterator[None]:
    """Handle messages on a thread while the block lasts; nothing at all where `url` is empty."""
    if not url:
        logger.warning("BUS_URL is not set: %s hears no events", queue)
        yield
        return
    listening = subscriber(url, queue, topic)
    thread = threading.Thread(target=listening.run, args=(handle, stop), name="bus")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _scheme(url: Secret) -> str:
    scheme = urlsplit(url.reveal()).scheme
    if scheme not in ("amqp", "amqps", "kafka", "sqlite"):
        # Not the URL itself: it may hold a password.
        raise SettingsError(
            f"BUS_URL begins with {scheme!r}, but must with amqp://, kafka:// or sqlite:///"
        )
    return scheme
