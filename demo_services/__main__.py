"""`python -m demo_services`: the shop, its load, and three orders followed.

Telemetry goes to the lens, or with `--backends` to the real Collector, Jaeger, Prometheus and Loki.
Runs until Ctrl-C, then stops what it started. `--once` stops after the followed orders.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from demo_services._places import Backends, Lens, Place
from demo_services._processes import ROOT, DidNotStart, Shop, is_open
from demo_services._story import Story, StoryError

_CLEW = Path(sys.executable).with_name("clew")


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo_services", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the followed orders")
    parser.add_argument("--backends", action="store_true", help="the real backends, not the lens")
    parser.add_argument("--rate", default="5", help="visits a second (%(default)s)")
    chosen = parser.parse_args(arguments)
    # Asked to end in whatever way, it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with ExitStack() as running:
            place: Place = Backends() if chosen.backends else Lens()
            _run(running, place, chosen.once, chosen.rate)
    except (DemoError, DidNotStart, StoryError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped")
    return 0


def _run(running: ExitStack, place: Place, once: bool, rate: str) -> None:
    shop = Shop(ROOT / ".stack" / "shop", _environ())
    _check_free(shop)
    shop.stores = place.open(running)
    running.callback(shop.stop)
    shop.start(shop.names)
    print(f"the shop is open: {shop.url('gateway')}/products   (logs: .stack/shop/)", flush=True)
    _load(rate, "6")
    story = Story(shop.url("gateway"), shop.admin_url("payments"), shop.admin_url("catalog"))
    for order in story.orders(secrets.token_hex(3)):
        print(f"\n{order.title}: {order.status} {order.answer}", flush=True)
        print(f"\n$ clew follow {order.correlation_id}\n", flush=True)
        environ = {**os.environ, **place.environ}
        story.wait_for(order, shop.names, environ)
        command = [str(_CLEW), "follow", order.correlation_id, "--wait", "30s"]
        subprocess.run(command, env=environ, check=False)
    if once:
        return
    print(_WHERE.format(place=place.where(order.correlation_id)), flush=True)
    while True:
        _load(rate, "60")


_WHERE = """
Look around while the load goes on (Ctrl-C stops it all):
{place}
  an order     curl -i -H 'X-Correlation-ID: my-first' http://localhost:8000/orders \\
                 --json '{{"user_id": 1, "items": [{{"sku": "clew", "quantity": 2}}]}}'
  trouble      curl -X PUT localhost:8104/faults/payment-decline -d '{{"level": 0.5}}'
  all faults   curl localhost:8103/faults   (services: 8100 to 8106)
"""


def _environ() -> dict[str, str]:
    # A token like any other password: made anew, handed to the two that share it.
    return {**os.environ, "PAYMENTS_TOKEN": secrets.token_urlsafe(24)}


def _check_free(shop: Shop) -> None:
    ports = {**{f"{name}'s faults": n for name, n in shop.admin_ports.items()}, **shop.ports}
    for name, port in ports.items():
        if is_open(port):
            raise DemoError(
                f"port {port}, which {name} needs, answers already. "
                "Is another demo running? Stop it first."
            )


def _load(rate: str, seconds: str) -> None:
    command = (sys.executable, "-m", "demo_services.load", "--rate", rate, "--duration", seconds)
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise DemoError("the load could not be sent; what it said stands above.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
