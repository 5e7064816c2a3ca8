"""The command line, as a person runs it, with nothing up."""

import json
import os
import subprocess
import sys
from pathlib import Path

from stack._binaries import BINARIES
from stack._obtain import cached_path
from stack._ports import PORTS
from stack._settings import ROOT, Settings


def stack(tmp_path: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m stack` with its own folders, an empty PATH and the given variables."""
    environ = {
        "HOME": os.environ.get("HOME", "/"),
        "PATH": "",
        "CLEW_STACK_DIR": str(tmp_path / "stack"),
        "CLEW_BACKENDS_DIR": str(tmp_path / "cache"),
        # Discards: nothing listens on port 9, so that no way leads out of this machine.
        "CLEW_RELEASES_URL": "http://127.0.0.1:9",
        **{port.variable: str(20000 + number) for number, port in enumerate(PORTS)},
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-m", "stack", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_status_of_nothing_is_a_failure(tmp_path: Path) -> None:
    """With nothing up every component is listed as not started, and the exit code is 1."""
    answer = stack(tmp_path, "status", "--json")
    assert answer.returncode == 1
    names = [entry["name"] for entry in json.loads(answer.stdout)]
    assert names[:5] == ["prometheus", "alertmanager", "loki", "jaeger", "collector"]
    assert names[5:] == ["agent", "postgres", "redis", "epmd", "rabbitmq"]
    assert {entry["state"] for entry in json.loads(answer.stdout)} == {"not started"}


def test_down_of_nothing_is_fine(tmp_path: Path) -> None:
    """Stopping what does not run is no failure."""
    answer = stack(tmp_path, "down")
    assert answer.returncode == 0
    assert "nothing to stop" in answer.stderr


def test_up_without_any_way_explains_all_four(tmp_path: Path) -> None:
    """No program, no network and no Go: one message, no traceback, exit code 1."""
    answer = stack(tmp_path, "up", "loki")
    assert answer.returncode == 1
    assert "there is no way to loki 3.7.8" in answer.stderr
    assert "PATH: there is no loki on PATH" in answer.stderr
    assert "is not there" in answer.stderr
    assert "download: " in answer.stderr
    assert "build: there is no go command on PATH" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_bad_setting_is_one_line(tmp_path: Path) -> None:
    """A bad port is told without a traceback."""
    answer = stack(tmp_path, "status", CLEW_LOKI_PORT="many")
    assert answer.returncode == 1
    assert answer.stderr.startswith("stack: CLEW_LOKI_PORT='many' is no port")


def test_an_unknown_component_is_told_with_the_known_ones(tmp_path: Path) -> None:
    """The message lists what could have been meant."""
    answer = stack(tmp_path, "up", "tempo")
    assert answer.returncode == 1
    assert "there is no component 'tempo': choose from prometheus, alertmanager" in answer.stderr


def test_the_path_of_a_binary_that_is_not_there(tmp_path: Path) -> None:
    """`path` does not build; it says what would."""
    answer = stack(tmp_path, "path", "promtool")
    assert answer.returncode == 1
    assert "run `python -m stack fetch promtool`" in answer.stderr


def test_fetch_leaves_out_what_is_got_by_its_name_alone(tmp_path: Path) -> None:
    """With a cache that has the rest, nothing is missing; consul and the fleet's collector are."""
    settings = Settings.read({"CLEW_BACKENDS_DIR": str(tmp_path / "cache")})
    (tmp_path / "cache").mkdir()
    usual = [binary for binary in BINARIES.values() if not binary.on_request]
    for binary in usual:
        cached_path(binary, settings).touch()
    answer = stack(tmp_path, "fetch")
    assert answer.returncode == 0, answer.stderr
    assert len(answer.stdout.splitlines()) == len(usual)
    for name in ("consul", "otelcol-fleet"):
        answer = stack(tmp_path, "fetch", name)
        assert answer.returncode == 1
        assert f"there is no way to {name}" in answer.stderr
