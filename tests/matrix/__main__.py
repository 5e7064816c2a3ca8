"""`python -m tests.matrix [lowest | latest]`: clew's tests with the oldest and newest dependencies.

Each row has an environment of its own, below .stack/matrix, made anew; tests come from here.
Lowest: each dependency at the version that instrumentation/pyproject.toml begins with, what those
need as pip finds it. Latest: whatever is newest today, without constraints.txt. What a row was run
with is printed, so that a failure next month can be compared.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.matrix._versions import FRAMEWORKS, lowest

ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = ROOT / "instrumentation"
_EXTRAS = "cli,fast,grpc,prometheus,sdk"
# What the tests themselves need, beside clew and the frameworks.
_TOOLS = (
    "gunicorn",
    "httpx",
    "hypothesis",
    "opentelemetry-instrumentation-grpc",
    "opentelemetry-proto",
    "pytest",
    "pytest-xdist",
)
# tests/conformance compares with the SDK that is installed, and so belongs to the newest one.
_TESTS = {
    "lowest": ["tests/instrumentation"],
    "latest": ["tests/instrumentation", "tests/conformance"],
}
# What an old framework has not, and clew can't make up for.
_LACKING = {
    # Starlette tells the route of its own WebSocketRoute since 1.4 or so; the span is called WS.
    "lowest": ["tests/instrumentation/test_asgi_websocket.py::test_starlette_websocket_route"],
}


def main(arguments: list[str]) -> int:
    """Run the named rows, or both; return 1 if one failed."""
    failed = [row for row in arguments or ["lowest", "latest"] if not _passes(row)]
    print(f"matrix: {'failed: ' + ', '.join(failed) if failed else 'all rows passed'}")
    return int(bool(failed))


def _passes(row: str) -> bool:
    folder = ROOT / ".stack" / "matrix" / row
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    pins = folder / "pins.txt"
    given = lowest(_PACKAGE / "pyproject.toml") if row == "lowest" else {}
    pins.write_text("".join(f"{name}=={version}\n" for name, version in given.items()))
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wanted = [f"{_PACKAGE}[{_EXTRAS}]", *FRAMEWORKS, *_TOOLS]
    installed = subprocess.run([*install, "--constraint", pins, *wanted], check=False)
    if installed.returncode:
        print(f"matrix: {row}: pip finds no such set of versions")
        return False
    _tell(row, python, given)
    lacking = [word for test in _LACKING.get(row, ()) for word in ("--deselect", test)]
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-n", "2", "-m", "not backends", *_TESTS[row], *lacking],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    return done.returncode == 0


def _tell(row: str, python: Path, given: dict[str, str]) -> None:
    frozen = subprocess.run(
        [python, "-m", "pip", "freeze", "--disable-pip-version-check"],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    named = {name.replace("_", "-") for name in (given or lowest(_PACKAGE / "pyproject.toml"))}
    own = [line for line in frozen if line.split("==")[0].lower().replace("_", "-") in named]
    print(f"matrix: {row}, Python {sys.version.split()[0]}: {' '.join(own)}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
