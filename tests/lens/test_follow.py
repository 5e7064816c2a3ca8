"""From any id to the whole request, and why it failed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lens import otlp_json as otlp
from tests.lens.bench import Bench
from tests.lens.story import Story

MS = 1_000_000


@pytest.fixture
def failed(shop: tuple[Bench, Story]) -> dict[str, Any]:
    """What follow tells of a request that failed."""
    bench, story = shop
    found: dict[str, Any] = bench.get("/follow", id=story.failed[0])
    return found


def test_a_correlation_id_leads_to_all_services(failed: dict[str, Any]) -> None:
    """Spans and log lines of gateway, users, orders and payments, under one id."""
    assert failed["kind"] == "correlation_id"
    [trace] = failed["traces"]
    assert trace["services"] == ["gateway", "orders", "payments", "users"]
    assert {log["service"] for log in failed["logs"]} == set(trace["services"])


def test_the_cause_is_the_deepest_failure(failed: dict[str, Any]) -> None:
    """Gateway and orders failed too, but only because payments did: payments is blamed."""
    cause = failed["cause"]
    assert (cause["service"], cause["span"]) == ("payments", "POST /charge")
    assert cause["message"].startswith("payments.cards.CardGatewayTimeout: no answer")
    assert "line 88, in charge" in cause["stacktrace"]
    assert cause["log"].endswith("failed")


def test_a_trace_id_leads_to_the_same(shop: tuple[Bench, Story], failed: dict[str, Any]) -> None:
    """The trace's id finds the same spans."""
    trace = failed["traces"][0]
    found = shop[0].get("/follow", id=trace["trace_id"])
    assert found["kind"] == "trace_id"
    assert found["traces"][0]["spans"] == trace["spans"]


def test_a_span_id_leads_to_its_trace(shop: tuple[Bench, Story], failed: dict[str, Any]) -> None:
    """Sixteen digits are taken for a span."""
    trace = failed["traces"][0]
    found = shop[0].get("/follow", id=trace["spans"][3]["span_id"])
    assert (found["kind"], found["traces"][0]["trace_id"]) == ("span_id", trace["trace_id"])


def test_an_attribute_leads_to_its_requests(shop: tuple[Bench, Story]) -> None:
    """key=value, and the bare value of an attribute that names a user."""
    bench, _ = shop
    user = bench.get("/traces", name="POST /checkout")["traces"][0]
    span = bench.get("/trace", id=user["trace_id"])["spans"][0]
    value = span["attributes"]["user.id"]
    by_pair = bench.get("/follow", id=f"user.id={value}")
    by_value = bench.get("/follow", id=value)
    assert by_pair["kind"] == by_value["kind"] == "attribute"
    assert user["trace_id"] in [trace["trace_id"] for trace in by_pair["traces"]]
    assert user["trace_id"] in [trace["trace_id"] for trace in by_value["traces"]]


def test_a_message_queue_is_crossed(shop: tuple[Bench, Story]) -> None:
    """The consumer's own trace, tied by a link, belongs to the request."""
    bench, _ = shop
    good = [trace for trace in bench.get("/traces", name="POST /checkout")["traces"]
            if not trace["errors"]][0]  # fmt: skip
    services = {s for trace in bench.get("/follow", id=good["trace_id"])["traces"]
                for s in trace["services"]}  # fmt: skip
    assert "mailer" in services


def test_the_routes_of_that_time_are_told(failed: dict[str, Any]) -> None:
    """Each entered route with its rate and 95th percentile around the moment."""
    charge = next(route for route in failed["routes"] if route["service"] == "payments")
    assert charge["name"] == "POST /charge"
    assert max(value or 0 for value in charge["p95_ms"]) >= 2000
    assert sum(charge["errors"]) > 0


def test_the_deepest_is_blamed_though_others_say_more(lens: Bench) -> None:
    """The caller's exception only repeats what the callee's status says."""
    raised = otlp.exception(lens.now, "HTTPError", "500 from users", "Traceback…")
    root = otlp.span("a" * 32, "b" * 16, "GET /", start=lens.now, error="x", events=[raised])
    leaf = otlp.span("a" * 32, "c" * 16, "GET /users", parent="b" * 16, start=lens.now,
                     error="table is locked")  # fmt: skip
    lens.send("/v1/traces", otlp.traces("gateway", root))
    lens.send("/v1/traces", otlp.traces("users", leaf))
    cause = lens.get("/follow", id="a" * 32)["cause"]
    assert (cause["service"], cause["message"]) == ("users", "table is locked")


def test_nothing_failed(shop: tuple[Bench, Story]) -> None:
    """A request that went well has no cause."""
    bench, _ = shop
    good = next(t for t in bench.get("/traces", name="POST /checkout")["traces"] if not t["errors"])
    assert bench.get("/follow", id=good["trace_id"])["cause"] is None


def test_log_lines_without_a_trace_are_found(lens: Bench) -> None:
    """A correlation id that only a log line carries is enough."""
    line = otlp.log("boom", time=lens.now, severity=17, attrs={"correlation_id": "c-1"})
    lens.send("/v1/logs", otlp.logs("cron", line))
    found = lens.get("/follow", id="c-1")
    assert [log["message"] for log in found["logs"]] == ["boom"]
    assert found["cause"]["message"] == "boom"


def test_a_span_sent_twice_is_shown_once(lens: Bench) -> None:
    """A sender that retries after a lost answer sends twice."""
    message = otlp.traces("users", otlp.span("a" * 32, "b" * 16, "x", start=lens.now))
    lens.send("/v1/traces", message)
    lens.send("/v1/traces", message)
    assert len(lens.get("/follow", id="a" * 32)["traces"][0]["spans"]) == 1


@pytest.mark.parametrize("text, status", [("nobody-knows-this", 404), ("  ", 400), ("=", 400)])
def test_what_can_not_be_followed(lens: Bench, text: str, status: int) -> None:
    """Unknown is 404, empty is 400, each with its reason."""
    answer = lens.ask("/follow", id=text)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


def test_a_trace_without_its_root_is_shown(lens: Bench) -> None:
    """A parent that never arrived doesn't hide its children."""
    span = otlp.span("a" * 32, "b" * 16, "x", parent="c" * 16, start=lens.now)
    lens.send("/v1/traces", otlp.traces("users", span))
    assert lens.get("/follow", id="a" * 32)["traces"][0]["spans"][0]["name"] == "x"
