"""What has been told, so that nobody is told twice."""

from __future__ import annotations

import logging

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from demo_services import bus

logger = logging.getLogger(__name__)

_tables = MetaData()
_sent = Table(
    "notifications",
    _tables,
    Column("message_id", String(64), primary_key=True),
    Column("order_key", String(80), nullable=False),
    Column("user_id", Integer, nullable=False),
)


class Notifier:
    """Writes down each notification before it counts as handled. (Sending one is a log line.)"""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        _tables.create_all(engine)

    def handle(self, message: bus.Message) -> bool:
        """Tell the customer of a confirmed order; False if that was done before."""
        event = bus.order_created(message)
        row = {"message_id": message.id, "order_key": event.order, "user_id": event.user_id}
        try:
            with self._engine.begin() as db:
                db.execute(insert(_sent).values(row))
        except IntegrityError:
            logger.info("user %d knows of order %s already", event.user_id, event.order)
            return False
        logger.info("told user %d that order %s is confirmed", event.user_id, event.order)
        return True

    def count(self, order: str | None = None) -> int:
        """How many notifications there were, of one order or of all."""
        query = select(func.count()).select_from(_sent)
        if order is not None:
            query = query.where(_sent.c.order_key == order)
        with self._engine.begin() as db:
            return int(db.scalar(query) or 0)
