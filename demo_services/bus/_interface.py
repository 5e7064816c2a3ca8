"""What a bus is to the services that use it.

Delivery is at least once: a handler must bear the same message twice. A message that can't be read
is parked at once; one whose handling fails is tried MAX_ATTEMPTS times, then parked. Parked means:
in the dead-letter queue, for a person to look at; never tried again by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Message:
    """`id` is the same however often it is sent; `headers` carry the trace and correlation id."""

    id: str
    topic: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Poison(Exception):
    """A message that nobody can ever handle."""


class BusDown(Exception):
    """The broker has not taken the message; it must be sent again."""


Handle = Callable[[Message], bool]
"""Handles a message; True if it was new, False if it had been handled before."""


class Publisher(Protocol):
    """Used by one thread at a time."""

    system: str
    """Its name by the messaging conventions: rabbitmq, kafka."""

    def publish(self, message: Message) -> None:
        """Return once the broker has written it down for all who want it. Raises BusDown."""

    def close(self) -> None:
        """Let go of the connection."""


class Subscriber(Protocol):
    """One queue, of one service, of one topic. Services of one name share their queue."""

    def run(self, handle: Handle, stop: threading.Event) -> None:
        """Handle messages until `stop` is set; come back by itself when the broker was away."""
