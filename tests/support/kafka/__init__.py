"""The real Kafka: its jars by Maven, and a broker of one process on ports of loopback."""

from tests.support.kafka._broker import Broker, broker
from tests.support.kafka._jars import HERE, NoKafka, jars, version

__all__ = ["HERE", "Broker", "NoKafka", "broker", "jars", "version"]
