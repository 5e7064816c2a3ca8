"""Every configuration file is accepted by the program that reads it, and a broken one is not."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack._prometheus_folder import write_prometheus_folder
from stack._settings import ROOT, Settings
from tests.backends.own_stack import binary

pytestmark = pytest.mark.backends


@dataclass(frozen=True)
class Check:
    """How a program checks a file, and a change of the file that it must not accept."""

    file: str
    binary: str
    arguments: Callable[[Path], list[str]]
    right: str
    wrong: str


CHECKS = {
    "collector": Check(
        "collector_config/gateway.yaml",
        "otelcol",
        lambda file: ["validate", "--config", str(file)],
        right="otlp_http/loki:",
        wrong="otlphttpp/loki:",
    ),
    "jaeger": Check(
        "backends/jaeger/config.yaml",
        "jaeger",
        lambda file: ["validate", "--config", str(file)],
        right="trace_storage:",
        wrong="trace_store:",
    ),
    "loki": Check(
        "backends/loki/config.yaml",
        "loki",
        lambda file: [f"-config.file={file}", "-config.expand-env=true", "-verify-config"],
        right="retention_period:",
        wrong="retention_time:",
    ),
    "prometheus": Check(
        "backends/prometheus/prometheus.yml",
        "promtool",
        lambda file: ["check", "config", str(file)],
        right="promote_resource_attributes:",
        wrong="promote_attributes:",
    ),
    "alertmanager": Check(
        "backends/alertmanager/alertmanager.yml",
        "amtool",
        lambda file: ["check-config", str(file)],
        right="- name: oncall",
        wrong="- name: elsewhere",
    ),
}


def accepts(check: Check, file: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Ask the program about the file."""
    return subprocess.run(
        [binary(check.binary), *check.arguments(file)],
        cwd=folder,
        env={**os.environ, "CLEW_LOKI_DATA_DIR": str(folder), "CLEW_JAEGER_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", CHECKS)
def test_the_program_accepts_its_file(name: str, tmp_path: Path) -> None:
    """The checkout's own file is valid."""
    check = CHECKS[name]
    done = accepts(check, ROOT / check.file, tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", CHECKS)
def test_the_program_refuses_a_broken_file(name: str, tmp_path: Path) -> None:
    """With one name misspelled the same check fails, so that its success means something."""
    check = CHECKS[name]
    text = (ROOT / check.file).read_text()
    assert check.right in text
    broken = tmp_path / "broken.yml"
    broken.write_text(text.replace(check.right, check.wrong))
    assert accepts(check, broken, tmp_path).returncode != 0


def test_prometheus_accepts_the_folder_that_it_is_started_on(tmp_path: Path) -> None:
    """With the native targets and the rules beside it the configuration is valid too."""
    settings = Settings.read({"CLEW_STACK_DIR": str(tmp_path)})
    write_prometheus_folder(settings)
    file = tmp_path / "etc/prometheus/prometheus.yml"
    done = accepts(CHECKS["prometheus"], file, tmp_path)
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout
