"""What is released: built from a copy, installed alone, with no checkout left to fall back on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.otlp_sink import otlp_sink
from tests.support.plain_service import SPAN, ask_once

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 120.0
# What lies beside the source where it was installed from here.
_MADE = ("__pycache__", "*.egg-info", "build", "*.c", "*.so")


def _run(*command: str | Path, cwd: Path) -> str:
    # Pure Python: the same files wherever it is built. What is compiled instead where a compiler is
    # at hand has tests of its own (tests/conformance/test_compiled.py).
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd, env={**os.environ, "CLEW_BUILD_PURE": "1"}, capture_output=True, text=True,
        timeout=_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _build(source: Path, into: Path, target: str) -> Path:
    _run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into, cwd=source)
    (built,) = into.iterdir()
    return built


@dataclass(frozen=True)
class Release:
    """The two files that a release is, and an environment with the wheel in it."""

    sdist: Path
    wheel: Path
    wheel_of_sdist: Path
    bin: Path


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """clew built, its source removed, and installed with what it needs from here."""
    folder = tmp_path_factory.mktemp("release")
    source = folder / "source"
    shutil.copytree(ROOT / "instrumentation", source, ignore=shutil.ignore_patterns(*_MADE))
    sdist = _build(source, folder / "sdist", "sdist")
    wheel = _build(source, folder / "wheel", "wheel")
    shutil.rmtree(source)
    with tarfile.open(sdist) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    wheel_of_sdist = _build(unpacked, folder / "again", "wheel")
    shutil.rmtree(unpacked)
    environment = folder / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=folder)
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    _run(*pip, "--no-index", "--no-deps", "--disable-pip-version-check", wheel, cwd=folder)
    # The dependencies of this environment, by a path that leaves its own `.pth` files unread: the
    # checkout, which one of those names, is out of reach.
    packages = _run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
    ).strip()
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Release(sdist, wheel, wheel_of_sdist, environment / "bin")


def test_the_installed_package_is_the_wheels(release: Release, tmp_path: Path) -> None:
    """What is imported lies in the new environment, and has the wheel's version."""
    code = "import clew, clew.cli; print(clew.__file__); print(clew.__version__)"
    file, version = _run(release.bin / "python", "-c", code, cwd=tmp_path).splitlines()
    assert Path(file).is_relative_to(release.bin.parent)
    assert release.wheel.name == f"clew-{version}-py3-none-any.whl"
    assert _run(release.bin / "clew", "--version", cwd=tmp_path).split()[-1] == version


def test_a_service_of_the_wheel_is_instrumented(release: Release, tmp_path: Path) -> None:
    """`clew run` starts a FastAPI application, and its span arrives."""
    command = [str(release.bin / "clew"), "run", "python"]
    with otlp_sink() as sink:
        own = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "OTEL_SERVICE_NAME": "released"}
        assert ask_once(command, own, tmp_path)
        (span,) = sink.spans()
        assert span.data.name == SPAN
        assert span.resource["service.name"] == "released"


def test_wheel_and_sdist_have_the_same_package(release: Release) -> None:
    """Whoever builds from the sdist gets the wheel's files."""
    assert _contents(release.wheel) == _contents(release.wheel_of_sdist)


def test_the_wheel_has_all_and_nothing_else(release: Release) -> None:
    """Every module of the package, the mark that it is typed, and no test or cache."""
    package = ROOT / "instrumentation"
    own = {
        file.relative_to(package).as_posix()
        for file in package.glob("clew/**/*")
        if file.suffix in (".py", ".pyi", ".pyx", ".typed", ".css")
    }
    assert "clew/py.typed" in own
    assert {name for name in _contents(release.wheel) if name.startswith("clew/")} == own


def test_the_wheel_asks_for_ranges(release: Release) -> None:
    """A library that pins a version would quarrel with the application's own."""
    with zipfile.ZipFile(release.wheel) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith("/METADATA"))
        metadata = packed.read(name).decode()
    needs = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    assert any("opentelemetry-api" in need for need in needs)
    assert all("==" not in need.partition(";")[0] for need in needs)


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as packed:
        return {
            name: packed.read(name)
            for name in packed.namelist()
            if not name.endswith(("/RECORD", "/METADATA"))
        }
