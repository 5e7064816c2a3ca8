"""The query API: its description, its refusals, its headers."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from clew_lens.api.endpoints import ENDPOINTS
from clew_lens.api.schemas import ANSWERS
from tests.lens.bench import Bench
from tests.lens.story import Story


def questions(bench: Bench, story: Story) -> dict[str, dict[str, str]]:
    """A question for each endpoint that needs parameters."""
    good, bad = (
        bench.get("/traces", name="POST /checkout", **more)["traces"][0]["trace_id"]
        for more in ({}, {"status": "error"})
    )
    metric = {"name": "http.server.request.duration"}
    route = {"service": "orders", "name": "POST /orders/"}
    return {
        "/routes": {"service": "orders"},
        "/follow": {"id": story.failed[0]},
        "/trace": {"id": good},
        "/trace_ids": {"correlation_id": story.failed[0]},
        "/compare": {"a": good, "b": bad},
        "/compare/versions": route,
        "/metrics/query": {**metric, "by": "http.route"},
        "/metrics/instant": metric,
        "/metrics/exemplars": metric,
    }


@pytest.mark.parametrize("path", [endpoint.path for endpoint in ENDPOINTS])
def test_every_answer_is_as_documented(shop: tuple[Bench, Story], path: str) -> None:
    """Each endpoint's answer fits its schema, with no field more or less, and isn't empty."""
    bench, story = shop
    answer = bench.get(path, **questions(bench, story).get(path, {}))
    jsonschema.validate(answer, ANSWERS[path])
    assert any(answer.values())


def test_the_description_covers_every_endpoint(lens: Bench) -> None:
    """The OpenAPI document names each path, each parameter and each answer."""
    paths = lens.get("/openapi.json")["paths"]
    assert set(paths) == {f"/api/v1{endpoint.path}" for endpoint in ENDPOINTS}
    for endpoint in ENDPOINTS:
        described = paths[f"/api/v1{endpoint.path}"]["get"]
        assert [p["name"] for p in described["parameters"]] == [p.name for p in endpoint.params]
        assert described["responses"]["200"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize(
    "path, params, word",
    [
        ("/overview", {"since": "yesterday"}, "since"),
        ("/overview", {"from_": "x"}, "from"),
        ("/overview", {"from_": "5", "to": "4"}, "ends before"),
        ("/overview", {"to": "-1"}, "to"),
        ("/traces", {"min_ms": "fast"}, "min_ms"),
        ("/traces", {"min_ms": "nan"}, "min_ms"),
        ("/traces", {"status": "broken"}, "status"),
        ("/traces", {"attribute": "nokey"}, "attribute"),
        ("/traces", {"entries": "perhaps"}, "entries"),
        ("/logs", {"level": "loud"}, "level"),
        ("/logs", {"trace_id": "abc"}, "trace id"),
        ("/logs", {"limit": "many"}, "limit"),
        ("/logs", {"text": "x" * 3000}, "2000"),
        ("/trace", {}, "id is missing"),
        ("/trace", {"id": "xyz"}, "32 hexadecimal"),
        ("/metrics/query", {"name": "a", "labels": "b"}, "labels"),
        ("/metrics/query", {"name": "a", "stat": "p12"}, "stat"),
    ],
)
def test_a_bad_parameter_is_named(
    lens: Bench, path: str, params: dict[str, Any], word: str
) -> None:
    """400 with the parameter and what was wrong with it."""
    answer = lens.ask(path, **params)
    assert answer.status_code == 400
    assert word in answer.json()["error"]


def test_sql_in_a_value_is_only_a_value(lens: Bench) -> None:
    """Quotes and semicolons find nothing and break nothing."""
    evil = "x'; DROP TABLE spans; --"
    for path, params in (
        ("/traces", {"service": evil}),
        ("/traces", {"attribute": f'{evil}"={evil}'}),
        ("/logs", {"text": evil}),
    ):
        assert lens.ask(path, **params).status_code == 200
    assert lens.count("spans") == 0


def test_the_api_is_read_only(lens: Bench) -> None:
    """Nothing but GET is answered."""
    assert lens.api.post("/api/v1/overview").status_code == 405
    assert lens.api.delete("/api/v1/trace").status_code == 405


@pytest.mark.parametrize("path", ["/", "/follow/some/id%20x", "/logs", "/static/js/app.js"])
def test_the_page_allows_no_foreign_code(lens: Bench, path: str) -> None:
    """Every answer has a policy that lets only the lens's own files act."""
    answer = lens.api.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_files_outside_of_the_page_are_not_served(lens: Bench) -> None:
    """The path can't climb out of the folder."""
    for path in ("/static/../api/app.py", "/static/%2e%2e/api/app.py", "/static//etc/passwd"):
        assert lens.api.get(path).status_code == 404


def test_the_page_needs_nothing_from_elsewhere(lens: Bench) -> None:
    """No file of the page names another host, but for the SVG namespace."""
    from clew_lens.api.app import PAGE

    for file in PAGE.rglob("*.*"):
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        text = text.replace("http://${location.hostname}:4318", "")
        assert "http://" not in text and "https://" not in text, file


def test_a_fault_is_told(lens: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the lens is a 500 with a reason, and the next question is answered."""
    lens.database.connection().execute("ALTER TABLE logs RENAME TO hidden")
    answer = lens.ask("/logs")
    assert (answer.status_code, "see its log" in answer.json()["error"]) == (500, True)
    assert lens.ask("/overview").status_code == 200
