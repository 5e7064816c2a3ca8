"""A sender without its thread: `turn` does what it would do next. Clock, answers: scripted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clew._config import Endpoint
from clew.export._answer import Answer
from clew.export._parcel import Parcel
from clew.export._sender import Sender
from clew.export._tally import Tally

OK = Answer()
AWAY = Answer(reason="unreachable", detail="refused", retry=True)
REFUSED = Answer(reason="http_400", detail="HTTP 400")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Script:
    """A transport that gives these answers, and then the last one for ever."""

    not_after: int | None = None

    def __init__(self, answers: Iterable[Answer | Exception]) -> None:
        self._answers = list(answers)
        self.sent: list[bytes] = []
        self.timeouts: list[float] = []
        self.closed = False

    def send(self, body: bytes, timeout: float) -> Answer:
        self.sent.append(body)
        self.timeouts.append(timeout)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


class Turns:
    """A sender whose thread is not started: `turn` does what it would do next."""

    def __init__(self, limit: int = 1_000, **answers: Iterable[Answer | Exception]) -> None:
        self.clock = Clock()
        self.tally = Tally()
        endpoints = {
            signal: Endpoint(f"http://{signal}.example", "http/protobuf", {}, 10.0, False)
            for signal in answers
        }
        self.sender = Sender(endpoints, self.tally, limit=limit, clock=self.clock)
        self.lanes = self.sender._lanes
        self.transports: dict[str, Any] = {}
        for signal, lane in self.lanes.items():
            lane.jitter = lambda: 1.0
            lane.transport = self.transports[signal] = Script(answers[signal])

    def put(self, signal: str, *bodies: bytes) -> None:
        for body in bodies:
            self.sender.put(signal, Parcel(body, len(body)))

    def turn(self) -> float | None:
        """One attempt, and then the seconds until the next; None where nothing waits."""
        lane, parcel, wait = self.sender._next()
        if lane is not None and parcel is not None:
            self.sender._attempt(lane, parcel)
            lane, parcel, wait = self.sender._next()
            return 0.0 if lane is not None else wait
        return wait
