"""The cause of a seeded failure by `clew follow` alone, from Jaeger, Loki and Prometheus."""

from __future__ import annotations

import secrets
import time

import pytest
import requests
from click.testing import CliRunner

from clew.cli import main
from clew.cli._follow_usual import LEAST_REQUESTS
from clew.readers import Window
from tests.demo_services.real.world import World
from tests.e2e.wait import wait_until

pytestmark = pytest.mark.backends


def followed(world: World, thread: str, named: tuple[str, ...]) -> str:
    """What is printed above the timeline, once all of `named` stand there."""
    ports = {name: world.stack.environ[f"CLEW_{key}_PORT"] for name, key in _PORTS.items()}
    environ = {f"CLEW_{name}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()}
    shown = ""

    def complete() -> bool:
        nonlocal shown
        ended = CliRunner().invoke(main, ["follow", f"X-Correlation-ID: {thread}"], env=environ)
        shown = ended.output.partition("start ms")[0]
        return all(part in shown for part in named)

    try:
        wait_until(complete, "the whole cause")
    except AssertionError:
        raise AssertionError(f"not all of {named} stand in:\n{shown}") from None
    return shown


_PORTS = {"JAEGER": "JAEGER_QUERY", "LOKI": "LOKI", "PROMETHEUS": "PROMETHEUS"}


@pytest.mark.parametrize(
    ("fault", "status", "named"),
    [
        (
            "errors",
            202,
            (
                "cause       payments  POST /charges  500",
                "FaultError: switched on: this request fails",
                "ERROR uvicorn.error: Exception in ASGI application",
            ),
        ),
        (
            "payment-decline",
            402,
            (
                "cause       payments  POST /charges  402",
                "WARN demo_services.payments.app: declined the charge for order",
            ),
        ),
    ],
)
def test_payments_are_named(fault: str, status: int, named: tuple[str, ...], world: World) -> None:
    """The service, the span, the exception and the log line."""

    def asked() -> str:
        """The order's correlation id, if it was answered as it should be."""
        thread = f"followed-{secrets.token_hex(6)}"
        return thread if world.order(thread).status_code == status else ""

    with world.fault("payments", fault, 1):
        # A breaker that the failure before this one has opened may still be open.
        followed(world, wait_until(asked, f"an answer of {status}"), named)


def test_slow_users_are_held_against_their_usual(world: World) -> None:
    """By the histogram in Prometheus, of the time before."""
    url = f"{world.shop.url('gateway')}/users/1"

    def known() -> bool:
        for _ in range(10):
            requests.get(url, timeout=10)
        routes = world.reader.routes(Window.back_from(time.time_ns(), 3600), "users")
        return any(one.requests >= LEAST_REQUESTS for one in routes)

    wait_until(known, "a usual time of the users' route")
    thread = f"followed-{secrets.token_hex(6)}"
    with world.fault("users", "latency", 0.5):
        requests.get(url, headers={"X-Correlation-ID": thread}, timeout=10)
    followed(world, thread, ("slow        users  GET /users/{user_id}  200  took ", "usually 95"))
