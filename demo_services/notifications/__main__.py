"""`clew run python -m demo_services.notifications`: a worker, without any port of its own."""

from __future__ import annotations

import logging
import os
import signal
import threading

from demo_services import bus
from demo_services.notifications.sent import Notifier
from demo_services.shared import admin, consul, database
from demo_services.shared.settings import Environ, Secret, SettingsError

logger = logging.getLogger("demo_services.notifications")


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    env = Environ(consul.settings(os.environ))
    bus_url = env.secret("BUS_URL")
    if not bus_url:
        raise SettingsError("BUS_URL is not set: give the broker's address, amqp://… or kafka://…")
    notifier = Notifier(
        database.connect(env.secret("DATABASE_URL") or Secret("sqlite:///notifications.db"))
    )
    admin.start(os.environ)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    bus.subscriber(bus_url, "notifications", bus.ORDER_CREATED).run(notifier.handle, stop)
    logger.info("stopped")


main()
