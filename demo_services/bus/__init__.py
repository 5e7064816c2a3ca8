"""Events between services: one small interface, RabbitMQ or Kafka behind it."""

from demo_services.bus._connect import publisher, subscribed, subscriber
from demo_services.bus._event import ORDER_CREATED, OrderCreated, order_created
from demo_services.bus._interface import (
    BusDown,
    Handle,
    Message,
    Poison,
    Publisher,
    Subscriber,
)
from demo_services.bus.memory import MemoryBus

__all__ = [
    "ORDER_CREATED",
    "BusDown",
    "Handle",
    "MemoryBus",
    "Message",
    "OrderCreated",
    "Poison",
    "Publisher",
    "Subscriber",
    "order_created",
    "publisher",
    "subscribed",
    "subscriber",
]
