"""Three orders, each with a fate of its own and an id to follow."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

_TIMEOUT = (1, 30)  # s
_ARRIVED_WITHIN = 20.0  # s


class StoryError(Exception):
    """It went otherwise than it should have."""


@dataclass(frozen=True)
class Told:
    """An order that was placed: what it shows, how it was answered, who took part in the end."""

    title: str
    correlation_id: str
    status: int
    answer: str
    services: frozenset[str]


@dataclass(frozen=True)
class Story:
    """The addresses of the gateway, and of the faults of payments and of the catalog."""

    gateway: str
    payments_faults: str
    catalog_faults: str

    def orders(self, tail: str) -> Iterator[Told]:
        """Place the three; `tail` makes their ids unlike those of other runs."""
        everybody = frozenset(
            {"gateway", "users", "orders", "inventory", "payments", "catalog", "notifications"}
        )
        told = frozenset({"catalog"})
        yield self._place("An order that succeeds", f"succeeds-{tail}", 201, everybody)
        with self._fault(self.payments_faults, "payment-decline"):
            yield self._place(
                "One that is compensated: the payment is declined, the goods are given back",
                f"compensated-{tail}",
                402,
                everybody - told - {"notifications"},
            )
        with self._fault(self.catalog_faults, "errors"):
            yield self._place(
                "One that is degraded: the catalog fails, so the answer has no descriptions",
                f"degraded-{tail}",
                201,
                everybody,
            )

    def wait_for(self, order: Told, running: Collection[str], environ: Mapping[str, str]) -> None:
        """Return when everybody who took part is in the trace, or when that takes too long.

        `environ` tells `clew follow` where to read.
        """
        deadline = time.monotonic() + _ARRIVED_WITHIN
        command = [str(Path(sys.executable).with_name("clew")), "follow", "--json"]
        while time.monotonic() < deadline:
            done = subprocess.run(
                [*command, order.correlation_id],
                env=dict(environ),
                capture_output=True,
                text=True,
                check=False,
            )
            if (order.services & set(running)) <= _services(done.stdout):
                return
            time.sleep(0.5)

    def _place(self, title: str, thread: str, expected: int, services: frozenset[str]) -> Told:
        answer = requests.post(
            f"{self.gateway}/orders",
            json={"user_id": 1, "items": [{"sku": "clew", "quantity": 2}]},
            headers={"X-Correlation-ID": thread},
            timeout=_TIMEOUT,
        )
        if answer.status_code != expected:
            raise StoryError(
                f"the order {thread} was answered with {answer.status_code}, not {expected}: "
                f"{answer.text}"
            )
        return Told(title, thread, answer.status_code, answer.text, services)

    @contextmanager
    def _fault(self, admin: str, name: str) -> Iterator[None]:
        url = f"{admin}/faults/{name}"
        requests.put(url, json={"level": 1}, timeout=_TIMEOUT).raise_for_status()
        try:
            yield
        finally:
            requests.delete(url, timeout=_TIMEOUT).raise_for_status()


def _services(text: str) -> set[str]:
    try:
        traces = json.loads(text)["traces"]
        return {span["service"] for trace in traces for span in trace["spans"]}
    except (ValueError, KeyError, TypeError):
        return set()
