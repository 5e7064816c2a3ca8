"""One try at a message, the same for every bus: its span, its log line, its count."""

from __future__ import annotations

import logging
from enum import Enum

from demo_services.bus._interface import MAX_ATTEMPTS, Handle, Message, Poison
from demo_services.shared import messaging, telemetry
from demo_services.shared.faults import FAULTS

logger = logging.getLogger(__name__)


class Verdict(Enum):
    """What is to become of the message."""

    DONE = "done"
    AGAIN = "again"
    PARK = "park"


def attempt(system: str, queue: str, message: Message, handle: Handle, number: int) -> Verdict:
    """Try for the `number`th time, from 1. Never raises: a bus must go on."""
    waited = messaging.age(message.headers)
    if waited is not None:
        telemetry.queue_age(queue, waited)
    with messaging.handling(system, queue, message.id, message.headers):
        try:
            FAULTS.strike()
            new = handle(message)
        except Poison as poison:
            logger.error("message %s is parked: %s", message.id, poison)
            telemetry.message(queue, "parked")
            return Verdict.PARK
        except Exception:
            return _failed(queue, message, number)
        telemetry.message(queue, "handled" if new else "duplicate")
        return Verdict.DONE


def _failed(queue: str, message: Message, number: int) -> Verdict:
    if number < MAX_ATTEMPTS:
        logger.warning("message %s failed, attempt %d", message.id, number, exc_info=True)
        telemetry.message(queue, "retried")
        return Verdict.AGAIN
    logger.exception("message %s is parked after %d attempts", message.id, number)
    telemetry.message(queue, "parked")
    return Verdict.PARK
