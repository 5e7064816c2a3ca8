"""What strangers send does not make series: seen in a real Prometheus."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request

import pytest

from tests.backends.own_stack import OwnStack
from tests.e2e.wait import wait_until
from tests.support.processes import run_python

pytestmark = pytest.mark.backends

REQUESTS = 100_000
# One route, and callers who ask for everything else, by methods, hosts and headers of their own.
_HOSTILE = f"""
import asyncio, random
import clew.auto, clew
from fastapi import FastAPI
app = FastAPI()
@app.get("/items/{{item}}")
async def read(item: str): return item
chance = random.Random(7)
async def send(message): pass
async def receive(): return {{"type": "http.request", "body": b"", "more_body": False}}
def word(): return f"{{chance.getrandbits(64):x}}"
async def main():
    for number in range({REQUESTS}):
        path = "/items/" + word() if number % 3 else "/" + word() + "/" + word()
        method = chance.choice(("GET", "POST", word().upper(), "get", ""))
        scope = {{
            "type": "http", "asgi": {{"version": "3.0"}}, "method": method,
            "http_version": chance.choice(("1.1", "2")), "scheme": "http",
            "path": path, "raw_path": path.encode(), "root_path": "",
            "query_string": word().encode(),
            "server": (word(), chance.randrange(65536)), "client": (word(), 1),
            "headers": [(b"host", word().encode()), (b"user-agent", word().encode()),
                        (b"x-correlation-id", word().encode())],
        }}
        await app(scope, receive, send)
asyncio.run(main())
assert clew.flush(30)
"""


def _query(stack: OwnStack, promql: str) -> float:
    url = stack.url("CLEW_PROMETHEUS_PORT", "/api/v1/query")
    query = urllib.parse.urlencode({"query": promql})
    with urllib.request.urlopen(f"{url}?{query}", timeout=30) as answer:
        found = json.load(answer)["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0


def test_hostile_requests_leave_few_series(empty_stack: OwnStack) -> None:
    """100,000 made-up paths, methods and hosts: every one is counted, in a handful of series."""
    empty_stack.run("up", "prometheus", check=True)
    endpoint = empty_stack.url("CLEW_PROMETHEUS_PORT", "/api/v1/otlp/v1/metrics")
    ended = run_python(
        _HOSTILE,
        {
            "OTEL_SERVICE_NAME": "hostile",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": endpoint,
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "CLEW_ACCESS_LOG": "false",
        },
        timeout=150,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    counted = 'sum(http_server_request_duration_seconds_count{service_name="hostile"})'
    wait_until(lambda: _query(empty_stack, counted) >= REQUESTS, "the requests")
    assert _query(empty_stack, counted) == REQUESTS
    sets = 'count(http_server_request_duration_seconds_count{service_name="hostile"})'
    # Methods: GET, POST and _OTHER, each with and without the route; statuses: 200, 404, 405.
    assert _query(empty_stack, sets) <= 12
    # A histogram has 15 buckets, a sum and a count.
    assert _query(empty_stack, 'count({service_name="hostile"})') <= 12 * 17 + 30
