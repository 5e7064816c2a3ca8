"""One process that is broker and controller, as in compose.yaml, with its data in one folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, ConsumerGroupState, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.e2e.wait import wait_until
from tests.support.kafka._jars import HERE, NoKafka, jars

_START_S = 90.0
_STOP_S = 60.0
_CLUSTER = "5L6g3nShT-eMCtK--X86sw"
_PROPERTIES = """\
node.id=1
process.roles=broker,controller
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
offsets.topic.replication.factor=1
log.dirs={data}
"""


@dataclass
class Broker:
    """A broker that can be stopped and started; what it keeps outlives a stop."""

    folder: Path
    port: int
    controller: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start it and wait until it answers."""
        config = self.folder / "server.properties"
        if not config.exists():
            config.write_text(
                _PROPERTIES.format(port=self.port, controller=self.controller, data=self.data)
            )
            formatted = _java("kafka.tools.StorageTool", "format", f"--cluster-id={_CLUSTER}",
                              f"--config={config}")  # fmt: skip
            done = subprocess.run(formatted, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        with (self.folder / "kafka.log").open("ab") as log:
            self.process = subprocess.Popen(
                _java("kafka.Kafka", str(config)), stdout=log, stderr=log, cwd=self.folder
            )
        wait_until(self._answers, "the broker", _START_S)

    def stop(self) -> None:
        """Tell it to end, and wait until it has."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def make_topics(self, names: Iterable[str], partitions: int) -> None:
        """Make them, each with so many partitions."""
        admin = self._admin()  # held: its answers end with it
        wanted = [NewTopic(name, partitions, 1) for name in names]
        for made in admin.create_topics(wanted).values():
            made.result(30)

    def members(self, group: str) -> int:
        """How many share the topics, once they have agreed on who gets what; 0 until then."""
        admin = self._admin()
        try:
            found = admin.describe_consumer_groups([group])[group].result(30)
        except KafkaException:  # the group's coordinator is not chosen yet
            return 0
        return len(found.members) if found.state == ConsumerGroupState.STABLE else 0

    def waiting(self, group: str, topics: Iterable[str]) -> int:
        """How many messages of the topics the group has not said to be done with."""
        settings = {"bootstrap.servers": self.address, "group.id": group}
        consumer = Consumer(settings)
        try:
            places = [
                TopicPartition(topic, number)
                for topic in topics
                for number in consumer.list_topics(topic, 10).topics[topic].partitions
            ]
            ends = [consumer.get_watermark_offsets(place, 10)[1] for place in places]
            done = [max(0, place.offset) for place in consumer.committed(places, 10)]
            return sum(ends) - sum(done)
        finally:
            consumer.close()

    def _answers(self) -> bool:
        assert self.process is not None
        said = (self.folder / "kafka.log").read_text("utf-8", "replace")
        assert self.process.poll() is None, said[-3000:]
        if "Kafka Server started" not in said:
            return False
        try:
            self._admin().list_topics(timeout=10)
        except KafkaException:
            return False
        return True

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.address, "log_level": 0})


@contextmanager
def broker(folder: Path, ports: Sequence[int]) -> Iterator[Broker]:
    """A broker, while the block lasts; `ports` are two that are free.

    Raises NoKafka where the machine lacks Java, or Maven for the jars.
    """
    port, controller = ports
    folder.mkdir(parents=True, exist_ok=True)
    running = Broker(folder, port, controller)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def _java(*words: str) -> list[str]:
    java = shutil.which("java")
    if java is None:
        raise NoKafka("Kafka needs Java 17 or later; on Debian: default-jre-headless")
    logs = f"-Dlog4j2.configurationFile={HERE / 'log4j2.yaml'}"
    return [java, "-Xmx384m", logs, "-cp", f"{jars()}/*", *words]
