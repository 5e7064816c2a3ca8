"""`clew top`, of what is really asked for."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner

from clew.cli import main
from tests.e2e.shop import Shop
from tests.e2e.wait import wait_until


def test_a_route_is_there_with_its_rate_and_latency(shop: Shop) -> None:
    """By the name of its spans, at every place. Prometheus counts from its second sample on."""

    def route() -> dict[str, Any]:
        shop.send("GET", "/users/2")
        ended = CliRunner().invoke(main, ["top", "--json", "--over", "1h"], env=shop.place.environ)
        routes = json.loads(ended.stdout or '{"routes": []}')["routes"]
        named = [one for one in routes if one["service"] == "users"]
        return next((one for one in named if one["name"] == "GET /users/{user_id}"), {})

    found = wait_until(lambda: one if (one := route()).get("requests") else None, "the route")
    assert found and found["rate"] > 0
    assert 0 < found["p50_s"] <= found["p95_s"] < 60
