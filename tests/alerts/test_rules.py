"""Each rule fires, does not fire just below its bound, and resolves: asked of promtool."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts import _slo
from alerts._document import every_alert, table
from alerts._model import Places, Scale
from alerts._write import HERE, files
from tests.alerts.cases import CASES, Case, Level, Rate
from tests.backends.own_stack import binary

RUNBOOKS = {file.stem for file in (HERE / "runbooks").glob("*.md")}
ALERTS = every_alert()


def test_the_committed_files_are_what_the_sources_make() -> None:
    """No rule is changed by hand, none is forgotten."""
    for name, text in files(Scale(), Places()).items():
        assert (HERE / name).read_text() == text, f"run `python -m alerts`: {name}"


def test_the_guide_has_every_alert() -> None:
    """docs/oncall.md's table is what the catalogue makes."""
    guide = (HERE.parent / "docs/oncall.md").read_text(encoding="utf-8")
    assert table(ALERTS) in guide, "put there what `python -m alerts table` prints"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    """The link in an alert leads somewhere."""
    assert {alert.name for alert in ALERTS} == RUNBOOKS


def test_no_alert_lacks_its_three_cases() -> None:
    """Firing, just below and resolved, for each that Prometheus evaluates."""
    assert {alert.name for alert in ALERTS if not alert.log} == set(CASES)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_what_on_call_needs(alert: Any) -> None:
    """Severity, summary, values, links; nobody is woken by a ticket."""
    rule = alert.rule(Scale(), Places())
    assert rule["labels"]["severity"] in ("page", "ticket")
    notes = rule["annotations"]
    assert {"summary", "description", "dashboard", "runbook_url"} <= set(notes)
    board = notes["dashboard"].split("/d/")[1].split("?")[0]
    assert (HERE.parent / "dashboards/generated" / f"{board}.json").is_file()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{slo: a, service: s, objective: 1.5}", "objective 1.5 is not between 0 and 1"),
        ("{slo: a, service: s, objective: 0.9, faster: 0.3}", "must be a bucket's bound"),
        ("{slo: a, service: s, target: 0.9}", "entry 1: .*target"),
    ],
)
def test_a_wrong_objective_is_named(tmp_path: Path, entry: str, message: str) -> None:
    """Which entry, what is wrong, what is allowed."""
    file = tmp_path / "slo.yaml"
    file.write_text(f"- {entry}\n")
    with pytest.raises(_slo.SloError, match=message):
        _slo.read(file)


@pytest.mark.backends
@pytest.mark.parametrize("name", CASES)
def test_it_fires_it_does_not_just_below_and_it_resolves(name: str, tmp_path: Path) -> None:
    """Below for a phase: nothing. Above for a phase: firing. Below again: resolved."""
    case = CASES[name]
    objectives = tmp_path / "slo.yaml"  # the one that the cases are about: promtool is slow
    objectives.write_text(
        '- {slo: a, service: users, route: "/users/{user_id}", objective: 0.995}\n'
    )
    for file, text in files(Scale(), Places(), objectives).items():
        (tmp_path / file.replace("/", "-")).write_text(text)
    # Seconds between samples: promtool evaluates each rule at each.
    step = 15 if case.phase < 200 else 60 if case.phase < 1_000 else 300
    test = {
        "rule_files": ["slo.rules.yml" if name.startswith("SloBurn") else "clew.rules.yml"],
        "evaluation_interval": f"{step}s",
        "tests": [
            {
                "interval": f"{step}s",
                "input_series": [
                    {"series": selector, "values": _values(case, below, firing, step)}
                    for selector, below, firing in case.series
                ],
                "promql_expr_test": [
                    _expect(name, case, case.phase - 1, firing=False),
                    _expect(name, case, case.phase + (case.fires or case.phase - 1), firing=True),
                    _expect(name, case, 3 * case.phase + _slack(case), firing=False),
                ],
            }
        ],
    }
    (tmp_path / "a.test").write_text(yaml.safe_dump(test))
    command = [binary("promtool"), "test", "rules", "a.test"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def _slack(case: Case) -> int:
    """Minutes after the third phase: silence is forgotten after the lookback."""
    return 40 if any(firing is None for _, _, firing in case.series) else 0


def _expect(name: str, case: Case, minute: int, firing: bool) -> dict[str, Any]:
    inside = ",".join(f'{k}="{v}"' for k, v in {"alertname": name, **case.labels}.items())
    expr = f'count(ALERTS{{alertstate="firing",{inside}}})'
    samples = [{"labels": "{}", "value": 1}] if firing else []
    return {"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples}


def _values(case: Case, below: Level, firing: Level, step: int) -> str:
    """All samples of the three phases, and of some time after them."""
    each = case.phase * 60 // step
    total, numbers = 0.0, []
    for level, count in ((below, each), (firing, each), (below, each + _slack(case) * 60 // step)):
        for _ in range(count):
            if isinstance(level, Rate):
                total += level.a_second * step
                numbers.append(f"{total:.6f}")
            else:
                numbers.append("_" if level is None else f"{level:.12g}")
    return re.sub(r"\.0+\b", "", " ".join(numbers))
