"""Somebody who knows nothing of the shop finds the cause of a seeded failure by `follow` alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.cli.shop import LensShop
from tests.e2e.wait import wait_until


@dataclass(frozen=True)
class Seeded:
    """A failure that is switched on, what is asked then, and what the cause section must name."""

    service: str
    fault: str
    level: float
    ask: str  # "order" or "user"
    status: int
    named: tuple[str, ...]
    """All of these stand in the section: the service and the span in its first line."""


SEEDED = {
    "payments fail": Seeded(
        "payments", "errors", 1, "order", 202,
        ("cause       payments  POST /charges  500",
         "FaultError: switched on: this request fails",
         "faults.py:",
         "ERROR uvicorn.error: Exception in ASGI application"),
    ),
    "the payment is declined": Seeded(
        "payments", "payment-decline", 1, "order", 402,
        ("cause       payments  POST /charges  402",
         "WARN demo_services.payments.app: declined the charge for order "),
    ),
    "users are slow": Seeded(
        "users", "latency", 0.6, "user", 200,
        ("slow        users  GET /users/{user_id}  200  took ", "usually 95 of 100 take at most"),
    ),
    "users are too slow": Seeded(
        "users", "latency", 2.5, "user", 503,
        ("cause       users  GET /users/{user_id}  200  took ",
         "; gateway gave up after ",
         "requests.exceptions.ReadTimeout",
         "gateway ERROR demo_services.shared.downstream: the users service:",
         "slow        users  GET /users/{user_id}"),
    ),
    "the inventory fails over gRPC": Seeded(
        "inventory", "errors", 1, "order", 202,
        ("cause       inventory  /shop.inventory.Inventory/Reserve",
         "FaultError: switched on: this request fails",
         "orders ERROR demo_services.shared.downstream: the inventory service:"),
    ),
    "the broker is down": Seeded(
        "orders", "broker-down", 1, "order", 201,
        ("on the way  orders  POST /orders  201",
         "ERROR demo_services.orders.background: OrderCreated waits in the outbox: "
         "switched on: nothing reaches the broker"),
    ),
    "the catalog fails and is done without": Seeded(
        "catalog", "errors", 1, "order", 201,
        ("on the way  catalog  GET /products  500",
         "FaultError: switched on: this request fails",
         "ERROR catalog: Exception on /products [GET]"),
    ),
}  # fmt: skip


@pytest.mark.long
def test_the_cause_is_named_first(shop: LensShop, subtests: pytest.Subtests) -> None:
    """The first section names the service, the span, the exception and the log line.

    One test for all, so that the shop is started once and not in each of pytest's processes.
    """
    for name, seeded in SEEDED.items():
        with subtests.test(name):
            _check(seeded, shop)
    with subtests.test("a user who is not there"):
        thread, _ = shop.user(999)
        section = _until(shop, f"x-request-id={thread}", ("no user 999",))
        assert section.startswith("cause       users  GET /users/{user_id}  404\n")
    with subtests.test("a request that went well has no cause"):
        thread, _ = shop.user()
        all_of_it = "3 spans, 4 log lines"
        wait_until(lambda: all_of_it in shop.clew("follow", thread).output, all_of_it)
        assert cause_section(shop.clew("follow", thread).output) == ""


def _check(seeded: Seeded, shop: LensShop) -> None:
    def asked() -> str:
        """The request's id, if it was answered as it should be."""
        thread, answer = shop.order() if seeded.ask == "order" else shop.user()
        return thread if answer.status_code == seeded.status else ""

    with shop.fault(seeded.service, seeded.fault, seeded.level):
        # A breaker that the failure before this one has opened may still be open.
        thread = wait_until(asked, f"an answer of {seeded.status}")
        assert _until(shop, thread, seeded.named).startswith(seeded.named[0])


def _until(shop: LensShop, pasted: str, named: tuple[str, ...]) -> str:
    """The section, once all of `named` stand in it."""
    shown = ""

    def complete() -> bool:
        nonlocal shown
        shown = cause_section(shop.clew("follow", pasted).output)
        return all(part in shown for part in named)

    try:
        wait_until(complete, "the whole cause")
    except AssertionError:
        missing = [part for part in named if part not in shown]
        raise AssertionError(f"{missing} do not stand in:\n{shown}") from None
    return shown


def cause_section(output: str) -> str:
    """What stands between the trace's title and the timeline; "" where nothing does."""
    _, _, rest = output.partition("\ntrace ")
    section, timeline, _ = rest.partition("start ms")
    return section.partition("\n")[2].strip("\n") if timeline else ""
