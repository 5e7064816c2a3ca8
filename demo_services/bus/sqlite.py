"""A bus in a file, for one machine without a broker: `sqlite:///bus.db`.

Each queue has one process that listens. It keeps to the same contract as the others; what it lacks
is everything that a broker is for: many machines, many workers, speed.
"""

from __future__ import annotations

import logging
import threading

from sqlalchemy import (
    JSON,
    Column,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from demo_services.bus._attempt import Verdict, attempt
from demo_services.bus._depth import Depth
from demo_services.bus._event import AUDIENCE
from demo_services.bus._interface import BusDown, Handle, Message
from demo_services.shared import database
from demo_services.shared.settings import Secret

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_tables = MetaData()
_queues = Table(
    "queues",
    _tables,
    Column("queue", String(80), primary_key=True),
    Column("topic", String(80), nullable=False),
)
_deliveries = Table(
    "deliveries",
    _tables,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("queue", String(80), nullable=False, index=True),
    Column("id", String(80), nullable=False),
    Column("topic", String(80), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(8), nullable=False),  # waiting, done, parked
)


class SqlitePublisher:
    """Writes a message down for each queue that wants its topic."""

    system = "sqlite"

    def __init__(self, url: Secret) -> None:
        self._engine = _open(url)
        for topic, queues in AUDIENCE.items():
            for queue in queues:
                _declare(self._engine, queue, topic)

    def publish(self, message: Message) -> None:
        wants = select(_queues.c.queue).where(_queues.c.topic == message.topic)
        row = {**vars(message), "headers": dict(message.headers), "attempts": 0, "state": "waiting"}
        try:
            with self._engine.begin() as db:
                rows = [{**row, "queue": queue} for queue in db.scalars(wants)]
                if rows:
                    db.execute(insert(_deliveries), rows)
        except SQLAlchemyError as error:
            raise BusDown(f"the file took no message: {type(error).__name__}") from error
        if not rows:
            raise BusDown(f"nobody wants {message.topic} yet")

    def close(self) -> None:
        self._engine.dispose()


class SqliteSubscriber:
    """Looks for messages in the file, again and again."""

    system = "sqlite"

    def __init__(self, url: Secret, queue: str, topic: str) -> None:
        self._engine = _open(url)
        self._queue = queue
        _declare(self._engine, queue, topic)

    def run(self, handle: Handle, stop: threading.Event) -> None:
        mine = (_deliveries.c.queue == self._queue) & (_deliveries.c.state == "waiting")
        # What failed goes to the end: it is tried again after what has been tried less.
        query = select(_deliveries).where(mine).order_by("attempts", "number").limit(1)
        waiting = select(func.count()).select_from(_deliveries).where(mine)
        depth = Depth(self._queue)
        logger.info("listening to %s", self._queue)
        while not stop.is_set():
            depth.tell(lambda: self._count(waiting))
            with self._engine.begin() as db:
                row = db.execute(query).first()
            if row is None:
                stop.wait(_POLL_S)
                continue
            message = Message(row.id, row.topic, row.body, row.headers)
            number = row.attempts + 1
            verdict = attempt(self.system, self._queue, message, handle, number)
            self._settle(row.number, number, verdict)
        self._engine.dispose()

    def _count(self, query: Select[tuple[int]]) -> int:
        with self._engine.begin() as db:
            return int(db.scalar(query) or 0)

    def _settle(self, delivery: int, attempts: int, verdict: Verdict) -> None:
        state = {Verdict.DONE: "done", Verdict.PARK: "parked", Verdict.AGAIN: "waiting"}[verdict]
        with self._engine.begin() as db:
            mine = _deliveries.c.number == delivery
            db.execute(update(_deliveries).where(mine).values(attempts=attempts, state=state))


def _declare(engine: Engine, queue: str, topic: str) -> None:
    try:
        with engine.begin() as db:
            db.execute(insert(_queues).values(queue=queue, topic=topic))
    except IntegrityError:
        pass  # known already


def parked(url: Secret, queue: str) -> int:
    """How many messages of that queue were parked."""
    mine = (_deliveries.c.queue == queue) & (_deliveries.c.state == "parked")
    with _open(url).begin() as db:
        return len(db.execute(select(_deliveries.c.number).where(mine)).all())


def _open(url: Secret) -> Engine:
    engine = database.connect(url)
    _tables.create_all(engine)
    return engine
