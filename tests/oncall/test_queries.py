"""Every query that people or rules ask has an answer while the shop is visited."""

from __future__ import annotations

import re
import time
import urllib.request

import pytest
import requests

from alerts.drill._world import World
from dashboards.live import Query, answer
from tests.e2e.wait import wait_until
from tests.oncall.asked import CORRELATION_ID, Asked, of_boards, of_runbooks, rules, selectors

pytestmark = pytest.mark.backends

_WITHIN_S = 90.0
# Where nothing is the right answer until something of the kind has happened. The drill brings each
# of these about, and asks then.
ABSENT = {
    r"clew_export_dropped": "no service drops anything",
    r"clew_export_certificate": "no service sends over TLS",
    r"otelcol_exporter_send_failed": "no store refuses anything",
    r'"5\.\."': "not every service answers with 5xx",
}


@pytest.fixture(scope="module")
def visited(world: World) -> World:
    """The shop after a while of everything: orders, errors, declined charges, bad messages."""
    world.visit(8, mixed=True)
    world.fault("orders", "poison-message", 2)
    world.fault("notifications", "errors", 0.3)
    world.fault("payments", "payment-decline", 0.3)
    world.fault("payments", "errors", 0.3)
    world.restart("catalog", OTEL_RESOURCE_ATTRIBUTES="service.version=1.0.1")
    request = urllib.request.Request(
        f"{world.shop.url('gateway')}/users/1", headers={"X-Correlation-ID": CORRELATION_ID}
    )
    urllib.request.urlopen(request, timeout=30).close()
    return world


def test_every_query_of_boards_and_runbooks_has_an_answer(visited: World) -> None:
    """No error, and not nothing, for each panel, annotation and step."""
    left = {asked.where: asked for asked in [*of_boards(), *of_runbooks()]}
    _until_all_answer(visited, left)


def test_every_rule_reads_what_is_there(visited: World) -> None:
    """Each expression is taken, and each selector in it has series: an alert can't be blind."""
    left = {}
    for source, name, expression in rules(visited.folder / "alerts"):
        answer(Query("rules", name, source, expression), visited.urls)  # raises where it is refused
        if source == "loki":
            continue
        parsed = visited.get("CLEW_PROMETHEUS_PORT", "/api/v1/parse_query", query=expression)
        for selector in selectors(parsed["data"]):
            where = f"{name}: {selector}"
            query = Query("rules", name, "prometheus", selector)
            left[where] = Asked(where, query)
    assert len(left) > 20
    _until_all_answer(visited, left)


def _until_all_answer(world: World, left: dict[str, Asked]) -> None:
    errors: dict[str, str] = {}

    def answered(asked: Asked) -> bool:
        absent = any(re.search(pattern, asked.query.expression) for pattern in ABSENT)
        try:
            return bool(answer(asked.query, world.urls)) or absent or asked.may_be_empty
        except requests.HTTPError as error:
            errors[asked.where] = f"{error}: {error.response.text[:200]}"
            return True

    def all_answered() -> bool:
        for where in [where for where, asked in left.items() if answered(asked)]:
            del left[where]
        return not left

    try:
        wait_until(all_answered, "answers", _WITHIN_S, pause=lambda _: time.sleep(2))
    except AssertionError:
        pass
    empty = [f"{where}: {asked.query.expression}" for where, asked in left.items()]
    assert not errors and not empty, "\n".join([*map(str, errors.items()), *empty])
