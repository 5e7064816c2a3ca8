"""`clew drill`: the checkout's drill, with the same words."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from clew.cli import main
from tests.support.processes import ROOT

_DRILL = "import os, sys; print(os.getcwd(), sys.argv[1:]); sys.exit(7)"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose drill tells what it was given."""
    folder = tmp_path / "checkout"
    (folder / "alerts" / "drill").mkdir(parents=True)
    (folder / "deep" / "down").mkdir(parents=True)
    (folder / "alerts" / "drill" / "__main__.py").write_text(_DRILL)
    return folder


def test_it_runs_the_drill_of_the_checkout_that_one_stands_in(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From any folder of it, with the words and the exit code as they are."""
    monkeypatch.chdir(checkout / "deep" / "down")
    ended = CliRunner().invoke(main, ["drill", "--only", "LatencyHigh", "--help"])
    assert ended.exit_code == 7
    assert capfd.readouterr().out == f"{checkout} ['--only', 'LatencyHigh', '--help']\n"


def test_the_checkout_may_be_named(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--checkout, before the drill's own words."""
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(main, ["drill", "--checkout", str(checkout), "--list"])
    assert ended.exit_code == 7


def test_without_a_checkout_it_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and what to do."""
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(main, ["drill"])
    assert ended.exit_code == 2
    assert "needs a checkout of the project" in ended.stderr
    assert "--checkout DIR" in ended.stderr


def test_the_package_imports_nothing_of_the_alerts() -> None:
    """What users install stands alone."""
    package = ROOT / "instrumentation" / "clew"
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import alerts" not in text and "from alerts" not in text, path
