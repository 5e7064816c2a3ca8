"""From a request's bytes to the writer's queue, the same for HTTP and gRPC."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..store.writer import Writer
from .limits import Limits
from .messages import from_json, from_protobuf
from .resources import Resources
from .signals import Signal


class Intake:
    """Decodes requests and queues what they hold."""

    def __init__(
        self,
        writer: Writer,
        limits: Limits | None = None,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self.limits = limits or Limits()
        self._writer = writer
        self._wall = wall
        self._resources = Resources(self.limits)

    def take(self, signal: Signal, body: bytes, *, as_json: bool = False) -> Any:
        """Decode and queue one request; returns the response message to send.

        Raises BadRequest where it can't be read, Busy where the queue is full.
        """
        parse = from_json if as_json else from_protobuf
        request = parse(signal.request(), body)
        batch = signal.decode(request, self._resources, self.limits, self._wall())
        batch.size = len(body)
        self._writer.put(batch)
        response = signal.response()
        if batch.rejected:
            setattr(response.partial_success, signal.rejected, batch.rejected)
            reasons = "; ".join(f"{count} x {reason}" for reason, count in batch.reasons.items())
            response.partial_success.error_message = reasons
        return response
