"""The committed boards: equal to their source, whole, and readable by PromQL's own parser."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.live import fill, queries
from tests.backends.own_stack import binary

ROOT = Path(__file__).parents[2]
BOARDS = sorted((ROOT / "dashboards/generated").glob("*.json"))
VALUES = {
    **dict.fromkeys(("service", "entry"), "users"),
    **dict.fromkeys(("route", "slo"), ".+"),
    "correlation_id": "my-first",
}
each_board = pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)


def _panels(path: Path) -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["panels"]
    return panels


def test_no_drift() -> None:
    """What is committed is what the source writes."""
    pytest.importorskip("grafana_foundation_sdk", reason="grafana-foundation-sdk not installed")
    from dashboards.__main__ import render
    from dashboards.boards import BOARDS as SOURCE

    assert {path.stem: path.read_text(encoding="utf-8") for path in BOARDS} == {
        uid: render(uid) for uid in SOURCE
    }


@each_board
def test_panels_explain_themselves(path: Path) -> None:
    """Every panel has a description, a unit and a link to a board that exists."""
    known = {board.stem for board in BOARDS}
    for panel in _panels(path):
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert {link["url"].split("?")[0].removeprefix("/d/") for link in panel["links"]} <= known
        assert panel["links"]


@each_board
def test_datasources_are_provisioned(path: Path) -> None:
    """Every panel asks a data source that Grafana is given."""
    provisioned = ROOT / "backends/grafana/provisioning/datasources/clew.yaml"
    uids = {source["uid"] for source in yaml.safe_load(provisioned.read_text())["datasources"]}
    assert {panel["datasource"]["uid"] for panel in _panels(path)} <= uids


def test_a_variable_without_value_is_named() -> None:
    """A query is never sent with a variable left in it."""
    with pytest.raises(KeyError, match="route"):
        fill("x{route='$route'}", {"service": "users"})


@pytest.mark.backends
@each_board
def test_promql_parses(path: Path) -> None:
    """Prometheus's own parser takes every PromQL query."""
    promtool = binary("promtool")
    for query in queries(path, VALUES):
        if query.source == "prometheus":
            command = [promtool, "--experimental", "promql", "format", query.expression]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (query, done.stderr)
