"""A quarter of an hour in the life of a shop, ending in an incident.

Two requests a second through gateway, users, orders, payments, a database and a queue to mailer.
Half-way orders 1.5.0 replaces 1.4.0 and is slower. In the last three minutes the card gateway
times out for a third of all charges.
"""

from __future__ import annotations

import bisect
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from tests.lens import otlp_json as otlp

MS = 1_000_000
SECOND = 1000 * MS
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
MESSAGE = "no answer from cards.example in 2.0 s (attempt 3 of 3)"
STACK = """Traceback (most recent call last):
  File "/srv/payments/app.py", line 41, in charge
    receipt = await gateway.charge(order.total, card=order.card)
  File "/srv/payments/cards.py", line 88, in charge
    response = await self._session.post("/v2/charges", timeout=self.timeout)
  File "/usr/lib/python3.12/site-packages/httpx/_client.py", line 1842, in post
    return await self.request("POST", url, timeout=timeout)
payments.cards.CardGatewayTimeout: no answer from cards.example in 2.0 s (attempt 3 of 3)
"""
Send = Callable[[str, dict[str, Any]], None]


class Story:
    """Tells the story up to `now` (nanoseconds) by calling `send(path, message)`."""

    def __init__(self, now: int, seed: int = 7) -> None:
        self.now = now
        self.failed: list[str] = []
        """Correlation ids of requests that failed, oldest first."""
        self._rng = random.Random(seed)
        self._spans: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self._logs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._seen: dict[tuple[str, str, int], list[tuple[int, float, str, str]]] = defaultdict(
            list
        )

    def tell(self, send: Send, minutes: int = 15, rate: float = 2.0) -> None:
        """Send everything."""
        count = int(minutes * 60 * rate)
        for index in range(count):
            time = self.now - int((count - index) / rate * SECOND) + self._rng.randrange(200) * MS
            recent = self.now - time
            self._request(time, recent < minutes * 30 * SECOND, recent < 180 * SECOND)
        for (service, version), spans in self._spans.items():
            for part in _parts(spans, 500):
                send("/v1/traces", otlp.traces(service, *part, version=version))
        for service, records in self._logs.items():
            for part in _parts(records, 500):
                send("/v1/logs", otlp.logs(service, *part))
        for service, metrics in self._metrics(minutes):
            send("/v1/metrics", otlp.metrics(service, *metrics))

    def _id(self, length: int) -> str:
        return self._rng.randbytes(length).hex()

    def _request(self, time: int, new_version: bool, incident: bool) -> None:
        rng, trace = self._rng, self._id(16)
        order = f"ord-{self._id(4)}"
        user = f"u-{rng.randrange(1, 400)}"
        charge_fails = incident and rng.random() < 0.33
        slow = rng.lognormvariate(0, 0.35)
        ids = [self._id(8) for _ in range(8)]
        orders_version = "1.5.0" if new_version else "1.4.0"
        charge = 2020 if charge_fails else 18 * slow
        insert = (34 if new_version else 9) * slow
        total = 14 * slow + insert + charge + 12
        error = "CardGatewayTimeout" if charge_fails else ""
        common = {"correlation_id": order, "user.id": user}

        def put(
            service: str, index: int, name: str, kind: str, parent: int, offset: float,
            length: float, failed: str = "", version: str = "1.0.0", **rest: Any,
        ) -> None:  # fmt: skip
            self._spans[service, version].append(
                otlp.span(
                    trace, ids[index], name, kind=kind, parent=ids[parent] if parent >= 0 else "",
                    start=time + int(offset * MS), length=int(length * MS), error=failed, **rest,
                )
            )  # fmt: skip

        def http(
            service: str,
            index: int,
            method: str,
            route: str,
            parent: int,
            offset: float,
            length: float,
            code: int = 200,
            version: str = "1.0.0",
            **rest: Any,
        ) -> None:
            attrs = {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": code,
                **common,
            }
            failed = error if code >= 500 else ""
            put(
                service,
                index,
                f"{method} {route}",
                "server",
                parent,
                offset,
                length,
                failed,
                version,
                attrs=attrs,
                **rest,
            )
            self._seen[service, route, code].append((time, length / 1000, trace, ids[index]))
            self._say(service, f"{method} {route} {code} in {length:.0f} ms",
                      time + int((offset + length) * MS), trace, ids[index], order,
                      severity=17 if code >= 500 else 9)  # fmt: skip

        def client(service: str, index: int, peer: str, parent: int, offset: float, length: float,
                   code: int = 200, version: str = "1.0.0") -> None:  # fmt: skip
            attrs = {"http.request.method": "POST", "server.address": peer, "server.port": 8000,
                     "http.response.status_code": code}  # fmt: skip
            put(
                service,
                index,
                "POST",
                "client",
                parent,
                offset,
                length,
                error if code >= 500 else "",
                version,
                attrs=attrs,
            )

        bad = 500 if charge_fails else 200
        http("gateway", 0, "POST", "/checkout", -1, 0, total, 502 if charge_fails else 200)
        http("users", 1, "GET", "/users/{user_id}", 0, 2, 8 * slow)
        client("gateway", 2, "orders", 0, 3 + 8 * slow, total - 8 - 8 * slow, bad)
        http(
            "orders",
            3,
            "POST",
            "/orders/",
            2,
            4 + 8 * slow,
            total - 11 - 8 * slow,
            bad,
            orders_version,
        )
        put("orders", 4, "INSERT orders", "client", 3, 6 + 8 * slow, insert, version=orders_version,
            attrs={"db.system.name": "postgresql", "db.namespace": "shop",
                   "db.query.text": "INSERT INTO orders (id) VALUES ($1)"})  # fmt: skip
        raised = otlp.exception(
            time + int((8 + 8 * slow + insert + charge) * MS), "payments.cards.CardGatewayTimeout",
            MESSAGE, STACK,
        )  # fmt: skip
        http("payments", 5, "POST", "/charge", 3, 7 + 8 * slow + insert, charge, bad,
             events=[raised] if charge_fails else [])  # fmt: skip
        self._say("users", f"found {user}", time + 5 * MS, trace, ids[1], order)
        if charge_fails:
            self.failed.append(order)
            late = time + int((7 + 8 * slow + insert + charge) * MS)
            self._say(
                "payments",
                "card gateway is slow, retrying",
                late - 900 * MS,
                trace,
                ids[5],
                order,
                13,
            )
            self._say("payments", f"charge of {order} failed", late, trace, ids[5], order, 17,
                      **{"exception.type": "payments.cards.CardGatewayTimeout",
                         "exception.message": MESSAGE,
                         "exception.stacktrace": STACK})  # fmt: skip
            return
        queue = {"messaging.system": "rabbitmq", "messaging.destination.name": "order-created"}
        put(
            "orders",
            6,
            "send order-created",
            "producer",
            3,
            total - 9,
            1.2,
            version=orders_version,
            attrs=queue,
        )
        other = self._id(16)
        mail_time = time + int((total + 30) * MS)
        self._spans["mailer", "1.0.0"].append(
            otlp.span(
                other, ids[7], "process order-created", kind="consumer", start=mail_time,
                length=int(25 * slow * MS), attrs={**queue, "correlation_id": order},
                links=[{"traceId": trace, "spanId": ids[6]}],
            )
        )  # fmt: skip
        self._say(
            "mailer",
            f"confirmation of {order} sent to {user}",
            mail_time + 20 * MS,
            other,
            ids[7],
            order,
        )

    def _say(self, service: str, message: str, time: int, trace: str, span: str, order: str,
             severity: int = 9, **attrs: Any) -> None:  # fmt: skip
        record = otlp.log(message, time=time, severity=severity, trace_id=trace, span_id=span,
                          attrs={"correlation_id": order, **attrs})  # fmt: skip
        self._logs[service].append(record)

    def _metrics(self, minutes: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        start = self.now - minutes * 60 * SECOND
        times = range(start + 10 * SECOND, self.now + 1, 10 * SECOND)
        for service in ("gateway", "users", "orders", "payments"):
            points = []
            for (owner, route, code), seen in self._seen.items():
                if owner == service:
                    attrs = {"http.request.method": "POST", "http.route": route,
                             "http.response.status_code": code}  # fmt: skip
                    points += list(_histogram(sorted(seen), times, start, attrs))
            memory = [
                otlp.number_point(time, 6e7 + 4e4 * index + self._rng.random() * 2e6)
                for index, time in enumerate(times)
            ]
            yield (
                service,
                [
                    otlp.histogram("http.server.request.duration", *points),
                    {"name": "process.memory.usage", "unit": "By", "gauge": {"dataPoints": memory}},
                ],
            )


def _histogram(
    seen: list[tuple[int, float, str, str]], times: range, start: int, attrs: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    counts, total, index = [0] * (len(BOUNDS) + 1), 0.0, 0
    for time in times:
        exemplars = []
        while index < len(seen) and seen[index][0] <= time:
            when, seconds, trace, span = seen[index]
            counts[bisect.bisect_left(BOUNDS, seconds)] += 1
            total += seconds
            index += 1
            exemplars = [
                {"timeUnixNano": str(when), "asDouble": seconds, "traceId": trace, "spanId": span}
            ]
        yield otlp.histogram_point(time, start, list(counts), BOUNDS, total, attrs, exemplars)


def _parts(items: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
