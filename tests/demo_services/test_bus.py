"""What every bus keeps to: delivery at least once to each queue, and bad messages parked."""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from demo_services import bus
from demo_services.bus import sqlite
from demo_services.bus._interface import MAX_ATTEMPTS
from demo_services.shared.settings import Secret, SettingsError
from tests.demo_services.brokers import Rabbit, rabbit, steady_ports
from tests.e2e.wait import wait_until
from tests.support.kafka import Broker, NoKafka, broker


@dataclass
class Handler:
    """Handles messages as their bodies say, and remembers them."""

    seen: list[bus.Message] = field(default_factory=list)

    def __call__(self, message: bus.Message) -> bool:
        self.seen.append(message)
        if message.body == b"poison":
            raise bus.Poison("it can't be read")
        if message.body == b"fails":
            raise RuntimeError("as the body says")
        if message.body == b"fails once" and self.bodies().count(b"fails once") == 1:
            raise RuntimeError("the first time")
        return True

    def bodies(self) -> list[bytes]:
        return [message.body for message in self.seen]


@dataclass
class Bench:
    """One kind of bus: how to publish, subscribe and look at what was parked."""

    publisher: bus.Publisher
    subscriber: Callable[[str, str], bus.Subscriber]
    parked: Callable[[str], int]
    topic: str = field(default_factory=lambda: f"topic-{uuid.uuid4().hex}")

    @contextmanager
    def listening(self, queue: str) -> Iterator[Handler]:
        handler, stop = Handler(), threading.Event()
        subscriber = self.subscriber(queue, self.topic)
        thread = threading.Thread(target=subscriber.run, args=(handler, stop))
        thread.start()
        try:
            yield handler
        finally:
            stop.set()
            thread.join()

    def publish(self, body: bytes, **headers: str) -> str:
        message = bus.Message(uuid.uuid4().hex, self.topic, body, headers)

        def taken() -> bool:
            try:
                self.publisher.publish(message)
            except bus.BusDown:  # as long as nobody listens yet
                return False
            return True

        wait_until(taken, "the bus to take a message")
        return message.id


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rabbit]:
    with rabbit() as running:
        yield running


@dataclass
class Kafka:
    """A broker of Kafka's protocol, as Rabbit is used."""

    address: str

    @property
    def url(self) -> str:
        return f"kafka://{self.address}"

    def parked(self, queue: str) -> int:
        return _kafka_parked(self.address, queue)


class RealKafka(Kafka):
    """One that can be stopped and started."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker.address)
        self.stop, self.start = broker.stop, broker.start


@pytest.fixture(scope="session")
def kafka() -> Iterator[RealKafka]:
    """Apache's own, where its jars are or Maven can get them."""
    with tempfile.TemporaryDirectory(prefix="clew-kafka-") as folder, ExitStack() as stack:
        try:
            running = stack.enter_context(broker(Path(folder), steady_ports(2)))
        except NoKafka as reason:
            pytest.skip(str(reason))
        yield RealKafka(running)


@pytest.fixture(scope="session")
def mock_kafka() -> Iterator[Kafka]:
    """A broker of librdkafka's own, in this process. It takes seconds to join."""
    cluster = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1})
    [mock] = cluster.list_topics(timeout=10).brokers.values()
    yield Kafka(f"{mock.host}:{mock.port}")


BROKERS = [pytest.param(kind, marks=pytest.mark.backends) for kind in ("kafka", "rabbitmq")]
KINDS = ["memory", "sqlite", pytest.param("mock_kafka", marks=pytest.mark.backends), *BROKERS]


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    kind = request.param
    if kind == "memory":
        memory = bus.MemoryBus()
        yield Bench(memory, memory.subscriber, lambda queue: len(memory.parked[queue]))
        return
    if kind == "sqlite":
        file = Secret(f"sqlite:///{tmp_path}/bus.db")
        taker = bus.publisher(file)
        yield Bench(
            taker,
            lambda queue, topic: bus.subscriber(file, queue, topic),
            lambda queue: sqlite.parked(file, queue),
        )
        taker.close()
        return
    with _bench_of(request.getfixturevalue(kind)) as made:
        yield made


@contextmanager
def _bench_of(running: Rabbit | Kafka) -> Iterator[Bench]:
    url = Secret(running.url)
    publisher = bus.publisher(url)
    yield Bench(publisher, lambda queue, topic: bus.subscriber(url, queue, topic), running.parked)
    publisher.close()


def _kafka_parked(servers: str, queue: str) -> int:
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": f"look-{uuid.uuid4().hex}",
            "auto.offset.reset": "earliest",
        }
    )
    try:
        topic = f"{queue}.dead"
        if topic not in consumer.list_topics(timeout=10).topics:
            return 0
        total = 0
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)
            total += high - low
        return total
    finally:
        consumer.close()


def own(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def test_every_queue_gets_every_message(bench: Bench) -> None:
    """With its id, body and headers."""
    with bench.listening(own("one")) as one, bench.listening(own("two")) as two:

        def both_listen() -> bool:
            bench.publish(b"warm")
            return bool(one.seen and two.seen)

        wait_until(both_listen, "a message at both")
        ids = [bench.publish(b"a", **{"x-correlation-id": "thread"}), bench.publish(b"b")]
        wait_until(lambda: b"b" in one.bodies() and b"b" in two.bodies(), "the last at both")
        wait_until(lambda: b"a" in one.bodies() and b"a" in two.bodies(), "the other at both")
    for handler in (one, two):
        seen = {message.id: message for message in handler.seen}
        assert [seen[each].body for each in ids] == [b"a", b"b"]
        assert seen[ids[0]].headers["x-correlation-id"] == "thread"


def test_bad_messages_are_parked_and_the_rest_goes_on(bench: Bench) -> None:
    """What can't be read is tried once, what fails a set number of times; neither loops."""
    queue = own("one")
    with bench.listening(queue) as handler:
        for body in (b"poison", b"fails", b"fails once", b"good"):
            bench.publish(body)
        wait_until(lambda: bench.parked(queue) >= 2, "two parked messages")
        wait_until(lambda: handler.bodies().count(b"fails once") == 2, "the second attempt")
        wait_until(lambda: b"good" in handler.bodies(), "the good one")
    counts = {body: handler.bodies().count(body) for body in handler.bodies()}
    assert counts == {b"poison": 1, b"fails": MAX_ATTEMPTS, b"fails once": 2, b"good": 1}
    assert bench.parked(queue) == 2


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("rabbitmq", marks=pytest.mark.backends)])
def test_who_starts_late_has_missed_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """An event finds the queues of all who want it, also of those that never ran before."""
    file = f"sqlite:///{tmp_path}/bus.db"
    url = Secret(file if kind == "sqlite" else request.getfixturevalue(kind).url)
    publisher = bus.publisher(url)
    event = bus.Message(uuid.uuid4().hex, bus.ORDER_CREATED, b"a")
    publisher.publish(event)
    publisher.close()
    handler, stop = Handler(), threading.Event()
    late = bus.subscriber(url, "notifications", bus.ORDER_CREATED)
    thread = threading.Thread(target=late.run, args=(handler, stop))
    thread.start()
    try:
        wait_until(lambda: event.id in [m.id for m in handler.seen], "the event of before")
    finally:
        stop.set()
        thread.join()


def test_messages_wait_for_who_is_away(bench: Bench) -> None:
    """A service that stops and comes back misses nothing, and sees nothing handled again."""
    queue = own("one")
    with bench.listening(queue) as before:
        first = bench.publish(b"a")
        wait_until(lambda: before.seen, "the first message")
    second = bench.publish(b"b")
    with bench.listening(queue) as after:
        wait_until(lambda: after.seen, "the second message")
    assert [message.id for message in before.seen] == [first]
    assert [message.id for message in after.seen] == [second]


@pytest.mark.parametrize("kind", BROKERS)
def test_what_was_not_done_comes_again(kind: str, request: pytest.FixtureRequest) -> None:
    """A worker that stops while it is at a message leaves it to the next one."""
    with _bench_of(request.getfixturevalue(kind)) as bench:
        queue, stop, seen = own("one"), threading.Event(), list[bus.Message]()

        def interrupted(message: bus.Message) -> bool:
            seen.append(message)
            stop.wait()
            raise RuntimeError("the worker is told to end")

        first = bench.subscriber(queue, bench.topic)
        thread = threading.Thread(target=first.run, args=(interrupted, stop))
        thread.start()
        try:
            sent = bench.publish(b"a")
            wait_until(lambda: seen, "the message")
        finally:
            stop.set()
            thread.join()
        with bench.listening(queue) as next_one:
            wait_until(lambda: next_one.seen, "the same message")
        assert {message.id for message in (*seen, *next_one.seen)} == {sent}
        assert bench.parked(queue) == 0


@pytest.mark.parametrize("kind", BROKERS)
def test_a_broker_that_restarts_loses_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    """What it has confirmed is there afterwards; both sides come back by themselves."""
    running = request.getfixturevalue(kind)
    with _bench_of(running) as bench:
        queue = own("one")
        with bench.listening(queue):
            bench.publish(b"a")
        sent = {bench.publish(b"before")}
        running.stop()
        with pytest.raises(bus.BusDown, match="the broker took no message"):
            bench.publisher.publish(bus.Message("x", bench.topic, b"during"))
        running.start()
        with bench.listening(queue) as handler:
            sent.add(bench.publish(b"after"))
            wait_until(lambda: {m.id for m in handler.seen} >= sent, "both messages")
            running.stop()
            running.start()
            sent.add(bench.publish(b"again"))
            wait_until(lambda: {m.id for m in handler.seen} >= sent, "the last message")


def test_a_strange_bus_is_refused() -> None:
    """The error names the variable and the scheme, not the password in the URL."""
    with pytest.raises(SettingsError, match="BUS_URL begins with 'http'") as error:
        bus.publisher(Secret("http://me:hunter2@host"))
    assert "hunter2" not in str(error.value)
