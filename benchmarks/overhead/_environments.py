"""Virtual environments, one for each kind of instrumentation, kept in the user's cache.

Kept apart, because `opentelemetry-instrument` switches on whatever it finds installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.overhead._children import ROOT

_PINS = (ROOT / "constraints.txt", ROOT / "benchmarks" / "requirements.txt")
_SERVER = ("fastapi", "uvicorn", "uvloop", "httptools")
PACKAGES: Mapping[str, tuple[str, ...]] = {
    # The bare application and clew share one: what is installed costs nothing until imported.
    "clew": (*_SERVER, "requests", "flask", "gunicorn", "-e", f"{ROOT}/instrumentation[fast]"),
    "opentelemetry": (
        *_SERVER,
        "opentelemetry-distro",
        "opentelemetry-exporter-otlp-proto-http",
        "opentelemetry-instrumentation-fastapi",
        "opentelemetry-instrumentation-logging",
    ),
    "prometheus": (*_SERVER, "prometheus-fastapi-instrumentator"),
    "logfire": (*_SERVER, "logfire[fastapi]"),
}


class InstallFailed(Exception):
    """pip could not install an environment; says which, and pip's last words."""


class Environments:
    """Makes each environment when it is first asked for."""

    def __init__(self, cache: Path, tell: Callable[[str], None]) -> None:
        self._cache = cache
        self._tell = tell

    @classmethod
    def of(cls, environ: Mapping[str, str], tell: Callable[[str], None]) -> Environments:
        """In `XDG_CACHE_HOME`, or ~/.cache. `tell` is told what takes long."""
        base = Path(environ.get("XDG_CACHE_HOME", ""))
        if not base.is_absolute():  # XDG base directory specification: then it is ignored
            base = Path.home() / ".cache"
        return cls(base / "clew" / "benchmarks", tell)

    def folder(self, name: str) -> Path:
        """The environment `name` of `PACKAGES`, installed.

        Raises:
            InstallFailed: pip could not.
        """
        folder = self._cache / f"{name}-{_digest(name)}"
        done = folder / ".installed"
        if not done.exists():
            self._tell(f"installing the environment {name!r} ...")
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._run(name, [sys.executable, "-m", "venv", str(folder)])
            self._run(name, [*_pip(folder, "install"), "--quiet", *_pins(), *PACKAGES[name]])
            done.touch()
        return folder

    def versions(self, name: str) -> dict[str, str]:
        """{distribution: version} of everything that is installed there."""
        printed = self._run(name, [*_pip(self.folder(name), "list"), "--format=json"])
        return {one["name"]: one["version"] for one in json.loads(printed)}

    def compiled(self) -> bool:
        """Whether clew there has its compiled modules."""
        python = os.fspath(self.folder("clew") / "bin" / "python")
        code = (
            "from clew import _path; from clew.export import _plain\n"
            "print(_path.COMPILED and _plain.COMPILED)"
        )
        return self._run("clew", [python, "-c", code]).strip() == "True"

    def _run(self, name: str, words: list[str]) -> str:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InstallFailed(
                f"The environment {name!r} could not be made: {done.stderr[-2_000:]}"
            )
        return done.stdout


def _pip(folder: Path, verb: str) -> list[str]:
    python = os.fspath(folder / "bin" / "python")
    return [python, "-m", "pip", verb, "--disable-pip-version-check"]


def _pins() -> list[str]:
    return [word for path in _PINS for word in ("-c", os.fspath(path))]


def _digest(name: str) -> str:
    """Another name for another Python, other pins, or other packages."""
    known = hashlib.sha256(f"{sys.version}{PACKAGES[name]}".encode())
    package = ROOT / "instrumentation"
    sources = [package / "pyproject.toml", package / "hatch_build.py"]
    sources += [package / "clew/export/_native.pyx", *sorted(package.glob("clew/_path_c/*"))]
    for path in (*_PINS, *sources):
        known.update(path.read_bytes())
    return known.hexdigest()[:12]
