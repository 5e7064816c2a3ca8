"""The whole shop on free ports, its telemetry in a lens of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from click.testing import CliRunner, Result

from clew.cli import main
from clew.cli._follow_usual import LEAST_REQUESTS
from demo_services._processes import ADMIN_PORTS, PORTS, Shop, Stores
from tests.demo_services.switches import switched_on
from tests.e2e.processes import free_ports
from tests.e2e.wait import wait_until
from tests.lens.process import LensProcess

_USERS_TIMEOUT_S = 1.2


@dataclass(frozen=True)
class LensShop:
    """The running shop, and the lens that has its telemetry."""

    shop: Shop
    lens: LensProcess

    def clew(self, *words: str) -> Result:
        """What a person sees who runs that command, piped."""
        return CliRunner().invoke(main, list(words), env={"CLEW_LENS_URL": self.lens.page})

    def order(self) -> tuple[str, requests.Response]:
        """Place an order; its correlation id and its answer."""
        thread = f"order-{secrets.token_hex(6)}"
        body = {"user_id": 1, "items": [{"sku": "clew", "quantity": 1}]}
        url = f"{self.shop.url('gateway')}/orders"
        headers = {"X-Correlation-ID": thread}
        return thread, requests.post(url, json=body, headers=headers, timeout=30)

    def user(self, number: int = 1) -> tuple[str, requests.Response]:
        """Ask for a user; the request's correlation id and its answer."""
        thread = f"user-{secrets.token_hex(6)}"
        url = f"{self.shop.url('gateway')}/users/{number}"
        return thread, requests.get(url, headers={"X-Correlation-ID": thread}, timeout=30)

    def fault(self, service: str, name: str, level: float) -> AbstractContextManager[None]:
        """Switched on while the block lasts."""
        return switched_on(self.shop, service, name, level)


@contextmanager
def lens_shop(folder: Path) -> Iterator[LensShop]:
    """Started, and warmed up; ended with the block."""
    numbers = free_ports(len(PORTS) + len(ADMIN_PORTS))
    ports = dict(zip(PORTS, numbers, strict=False))
    admin_ports = dict(zip(ADMIN_PORTS, numbers[len(PORTS) :], strict=True))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "CLEW_"))}
    with LensProcess() as lens:
        environ = {
            **kept,
            "OTEL_EXPORTER_OTLP_ENDPOINT": lens.otlp_http,
            "CLEW_SPOOL_DIR": "off",
            "PAYMENTS_TOKEN": secrets.token_hex(12),
            "BREAKER_OPEN": "0.2",
            "USERS_TIMEOUT": str(_USERS_TIMEOUT_S),
        }
        stores = Stores(bus_url=f"sqlite:///{folder / 'bus.db'}")
        shop = Shop(folder, environ, stores, ports, admin_ports)
        try:
            # Nobody has to be notified for what is tried here: one process less.
            shop.start(name for name in shop.names if name != "notifications")
            made = LensShop(shop, lens)
            _warm(made)
            yield made
        finally:
            shop.stop()


def _warm(shop: LensShop) -> None:
    """Ask so often that a usual time is known of the user's route."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: shop.user()[1].status_code, range(2 * LEAST_REQUESTS)))
    assert set(answers) == {200}

    def known() -> bool:
        found = shop.lens.get("/routes?service=users&since=1h")["routes"]
        return any(one["requests"] >= 2 * LEAST_REQUESTS for one in found)

    wait_until(known, "the users' requests in the lens")
