"""`clew run python -m demo_services.inventory`: gRPC, and what confirmed orders hold is sold."""

from __future__ import annotations

import logging
import os
import signal
import threading

from demo_services import bus
from demo_services.inventory import service
from demo_services.inventory._settings import Settings
from demo_services.inventory.events import seller
from demo_services.inventory.stock import StockRoom
from demo_services.shared import admin, consul, database

logger = logging.getLogger("demo_services.inventory")


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = Settings.from_environ(consul.settings(os.environ))
    room = StockRoom(database.connect(settings.database_url))
    admin.start(os.environ)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server, port = service.serve(room, f"{settings.host}:{settings.port}")
    logger.info("serving gRPC at %s:%d", settings.host, port)
    with bus.subscribed(settings.bus_url, "inventory", bus.ORDER_CREATED, seller(room), stop):
        stop.wait()
    server.stop(grace=5).wait()


main()
