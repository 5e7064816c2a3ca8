"""What orders does beside requests: it sends events from the outbox, and finishes what was left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from demo_services.bus import BusDown, Message, Publisher
from demo_services.orders.saga import Saga
from demo_services.orders.store import Store, Waiting
from demo_services.shared import messaging, telemetry
from demo_services.shared.faults import FAULTS

logger = logging.getLogger(__name__)

_EVERY_S = 0.2


class Outbox:
    """Sends what the store holds. What the broker has not confirmed stays, and is sent again."""

    def __init__(self, store: Store, publisher: Publisher | None) -> None:
        """Without a `publisher`, events wait for one."""
        self._store = store
        self._publisher = publisher
        self._told: set[str] = set()

    def send(self) -> None:
        """Send all that waits, as far as the broker takes it."""
        if self._publisher is None:
            return
        waiting = self._store.waiting()
        for number, one in enumerate(waiting):
            try:
                self._send(self._publisher, one)
            except BusDown as error:
                self._tell(waiting[number:], error)
                return
            self._told.discard(one.message.id)
            self._store.sent(one)

    def _tell(self, waiting: list[Waiting], error: BusDown) -> None:
        """Log each event that waits, once, within its own order: who follows that sees it there."""
        for message in (one.message for one in waiting):
            if message.id not in self._told:
                self._told.add(message.id)
                with messaging.continued(message.headers):
                    logger.error("%s waits in the outbox: %s", message.topic, error)

    def _send(self, publisher: Publisher, waiting: Waiting) -> None:
        message = waiting.message
        with messaging.continued(message.headers):
            if FAULTS.level("broker-down"):
                raise BusDown("switched on: nothing reaches the broker")
            if FAULTS.take("poison-message"):
                bad = Message(f"poison-{message.id}", message.topic, b"\xff", messaging.carried())
                publisher.publish(bad)
            with messaging.sending(publisher.system, message.topic, message.id) as headers:
                publisher.publish(Message(message.id, message.topic, message.body, headers))


def finish_abandoned(store: Store, saga: Saga) -> None:
    """Take up orders whose process ended, or whose compensation failed."""
    for order in store.abandoned():
        with messaging.continued(order.headers):
            logger.warning("taking up order %s, which is %s", order.key, order.state)
            saga.go_on(order)


@contextmanager
def running(store: Store, saga: Saga, outbox: Outbox) -> Iterator[None]:
    """Do both, on a thread each, while the block lasts."""
    stop = threading.Event()
    jobs = (outbox.send, lambda: finish_abandoned(store, saga))
    threads = [threading.Thread(target=_repeat, args=(job, store, stop)) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _repeat(job: Callable[[], None], store: Store, stop: threading.Event) -> None:
    while not stop.wait(_EVERY_S):
        try:
            job()
            telemetry.backlog(*store.backlog())
        except Exception:  # the database is away, say: the next round tries again
            logger.exception("a round in the background failed")
