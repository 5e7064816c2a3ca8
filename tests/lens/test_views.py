"""Overview, traces, compare and map, over the shop's story."""

from __future__ import annotations

import pytest

from tests.lens import otlp_json as otlp
from tests.lens.bench import SECOND, Bench
from tests.lens.story import Story

MS = 1_000_000


@pytest.fixture
def bench(shop: tuple[Bench, Story]) -> Bench:
    """The lens that knows the story."""
    return shop[0]


def test_the_overview_puts_failing_services_first(bench: Bench) -> None:
    """Red ones first; rates, shares and percentiles of all."""
    services = bench.get("/overview")["services"]
    failing = [service["errors"] > 0 for service in services]
    assert failing == sorted(failing, reverse=True)
    payments = next(service for service in services if service["name"] == "payments")
    assert payments["requests"] == 240
    assert payments["p50_ms"] < 100 < payments["p99_ms"]
    assert 0 < payments["error_share"] < 1
    assert sum(payments["lines"]["errors"]) > 0


def test_the_overview_counts_requests_from_outside_once(bench: Bench) -> None:
    """240 requests came in, though each entered four services."""
    assert bench.get("/overview")["outside"]["requests"] == 240


def test_a_service_that_went_silent_is_still_listed(lens: Bench) -> None:
    """A service without requests in the window stays in sight."""
    old = otlp.span("a" * 32, "b" * 16, "x", start=lens.now - 3600 * SECOND)
    lens.send("/v1/traces", otlp.traces("old", old))
    [service] = lens.get("/overview", since="5m")["services"]
    assert (service["name"], service["requests"], service["p95_ms"]) == ("old", 0, None)


def test_the_routes_of_a_service(bench: Bench) -> None:
    """What a service is asked for, by span name."""
    [route] = bench.get("/routes", service="users")["routes"]
    assert (route["name"], route["requests"]) == ("GET /users/{user_id}", 240)


@pytest.mark.parametrize(
    "params, name",
    [
        ({"service": "payments", "status": "error"}, "POST /charge"),
        ({"min_ms": "1500", "service": "orders"}, "POST /orders/"),
        ({"code": "502"}, "POST /checkout"),
        ({"route": "/users/{user_id}"}, "GET /users/{user_id}"),
        ({"version": "1.5.0"}, "POST /orders/"),
        ({"attribute": "db.namespace=shop"}, "INSERT orders"),
        ({"attribute": "service.name=mailer"}, "process order-created"),
    ],
)
def test_traces_are_searched(bench: Bench, params: dict[str, str], name: str) -> None:
    """Each filter finds spans that fit, and the trace around them."""
    found = bench.get("/traces", **params)["traces"]
    assert found and {trace["match"]["name"] for trace in found} == {name}


def test_filters_exclude(bench: Bench) -> None:
    """No trace fits what didn't happen."""
    assert bench.get("/traces", service="users", status="error")["traces"] == []
    assert bench.get("/traces", attribute="user.id=nobody")["traces"] == []


def test_the_slowest_come_first(bench: Bench) -> None:
    """In order of duration of the matching span."""
    found = bench.get("/traces", order="slowest", service="orders")["traces"]
    durations = [trace["match"]["duration_ms"] for trace in found]
    assert durations == sorted(durations, reverse=True)


def test_failing_groups_come_first(bench: Bench) -> None:
    """Groups by outcome, each with its slowest trace."""
    groups = bench.get("/traces/groups")["groups"]
    outcomes = [group["status"] for group in groups]
    assert outcomes == sorted(outcomes, key=lambda status: status != "error")
    assert bench.get("/trace", id=groups[0]["slowest_trace_id"])


def test_two_traces_are_compared(bench: Bench) -> None:
    """The biggest difference is where the failed one waited."""
    good = next(t for t in bench.get("/traces", name="POST /checkout")["traces"] if not t["errors"])
    bad = bench.get("/traces", name="POST /checkout", status="error")["traces"][0]
    rows = bench.get("/compare", a=good["trace_id"], b=bad["trace_id"])["rows"]
    assert (rows[0]["service"], rows[0]["name"]) == ("payments", "POST /charge")
    assert rows[0]["difference_ms"] > 1500
    assert rows[0]["b"]["errors"] == 1


def test_a_route_is_compared_before_and_after_a_version(bench: Bench) -> None:
    """The two versions, in the order in which they came."""
    found = bench.get("/compare/versions", service="orders", name="POST /orders/")
    assert found["versions"] == ["1.4.0", "1.5.0"]
    assert (found["a"]["version"], found["b"]["version"]) == ("1.4.0", "1.5.0")
    assert found["b"]["p50_ms"] > found["a"]["p50_ms"] * 1.5
    assert sum(bucket["count"] for bucket in found["a"]["shape"]) == found["a"]["requests"]


def test_the_map_knows_services_databases_and_queues(bench: Bench) -> None:
    """Every call, with its errors on the edge where they happened."""
    found = bench.get("/map")
    edges = {(edge["source"], edge["target"]): edge for edge in found["edges"]}
    assert set(edges) == {
        ("service:gateway", "service:users"),
        ("service:gateway", "service:orders"),
        ("service:orders", "service:payments"),
        ("service:orders", "db:postgresql:shop"),
        ("service:orders", "queue:rabbitmq:order-created"),
        ("queue:rabbitmq:order-created", "service:mailer"),
    }
    assert edges["service:orders", "service:payments"]["errors"] > 0
    assert edges["service:gateway", "service:users"]["errors"] == 0
    assert edges["service:gateway", "service:users"]["count"] == 240
    assert {node["type"] for node in found["nodes"]} == {"service", "db", "queue"}


def test_a_peer_without_spans_is_outside(lens: Bench) -> None:
    """A call that nobody answered with a span leads to an outside node."""
    call = otlp.span("a" * 32, "b" * 16, "GET", kind="client", start=lens.now,
                     attrs={"server.address": "api.example", "server.port": 443})  # fmt: skip
    lens.send("/v1/traces", otlp.traces("users", call))
    [edge] = lens.get("/map")["edges"]
    assert edge["target"] == "external:api.example:443"


def test_a_link_alone_ties_services(lens: Bench) -> None:
    """A consumer that names no queue is tied to its producer by the link."""
    sent = otlp.span("a" * 32, "b" * 16, "send", kind="producer", start=lens.now)
    got = otlp.span("c" * 32, "d" * 16, "receive", kind="consumer", start=lens.now,
                    links=[{"traceId": "a" * 32, "spanId": "b" * 16}])  # fmt: skip
    lens.send("/v1/traces", otlp.traces("orders", sent))
    lens.send("/v1/traces", otlp.traces("mailer", got))
    [edge] = lens.get("/map")["edges"]
    assert (edge["source"], edge["target"]) == ("service:orders", "service:mailer")
