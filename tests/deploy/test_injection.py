"""deploy/injection brings clew into the Python of another image, by a folder on its PYTHONPATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from tests.support.otlp_sink import Sink
from tests.support.plain_service import SPAN, ask_once
from tests.support.processes import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]
# The interpreter behind the virtual environment: it has neither clew nor anything of PyPI.
PYTHON = Path(sys.base_prefix) / "bin" / "python3"
_SPAN = "from opentelemetry import trace; trace.get_tracer('t').start_span('s').end()"


def _closure(names: Iterable[str]) -> Iterator[Distribution]:
    """The distributions of these names and all that they need, without extras."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except ModuleNotFoundError:  # for another Python or system
            continue
        yield found
        for need in found.requires or ():
            if "extra ==" not in need:
                todo.append(re.split(r"[ ;<>=!~\[(]", need, maxsplit=1)[0])


def _lay(folder: Path, *names: str) -> None:
    """What `pip install --target` would lay into `folder`, by links to what is installed here."""
    folder.mkdir(parents=True)
    for found in _closure(names):
        for file in found.files or ():
            top = file.parts[0]
            target = folder / top
            if top not in ("..", "bin") and not top.endswith(".pth") and not target.exists():
                target.symlink_to(Path(str(found.locate_file(top))))


@pytest.fixture(scope="module")
def injected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as the image has it at /clew."""
    folder = tmp_path_factory.mktemp("injected")
    _lay(folder / "packages", "clew")
    link = folder / "packages" / "clew"
    if not link.exists():  # installed from the checkout: its files are elsewhere
        link.symlink_to(ROOT / "instrumentation" / "clew")
    shutil.copy(ROOT / "deploy" / "injection" / "sitecustomize.py", folder)
    return folder


def _environ(sink: Sink, *path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_SERVICE_NAME": "plain",
        "CLEW_SPOOL_DIR": "off",
    }


def _run(code: str, sink: Sink, *path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-c", code],
        env=_environ(sink, *path), capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip


def test_a_program_without_clew_is_instrumented(injected: Path, sink: Sink) -> None:
    """Its interpreter has no package of clew's: all of it comes from the folder."""
    without = _run("import clew", sink)
    assert "No module named 'clew'" in without.stderr
    ended = _run(_SPAN, sink, injected)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [span.data.name for span in sink.spans()] == ["s"]


def test_a_fastapi_service_is_instrumented(injected: Path, sink: Sink, tmp_path: Path) -> None:
    """A server that is started as always answers, and its request is told."""
    _lay(tmp_path / "image", "fastapi", "uvicorn")
    assert ask_once([str(PYTHON)], _environ(sink, injected, tmp_path / "image"), tmp_path)
    (span,) = sink.spans()
    assert span.data.name == SPAN
    assert span.resource["service.name"] == "plain"


def test_the_programs_own_packages_win(injected: Path, sink: Sink, tmp_path: Path) -> None:
    """Of what both have, the program imports its own version."""
    (tmp_path / "click.py").write_text("OWN = True\n")
    ended = _run("import click; print(click.OWN)", sink, injected, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True\n", "")


def test_children_of_the_program_too(injected: Path, sink: Sink) -> None:
    """A Python process that the program starts is instrumented as well."""
    code = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {_SPAN!r}]))"
    ended = _run(code, sink, injected)
    assert ended.returncode == 0
    assert len(sink.spans()) == 1


def test_the_programs_own_sitecustomize_still_counts(
    injected: Path, sink: Sink, tmp_path: Path
) -> None:
    """What the image does at the start of its Python, it does still."""
    (tmp_path / "sitecustomize.py").write_text("print('own')\n")
    ended = _run(_SPAN, sink, injected, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "own\n", "")
    assert len(sink.spans()) == 1


def test_an_empty_folder_is_told(sink: Sink, tmp_path: Path) -> None:
    """Where the packages are missing, the program runs as without clew, and one line says so."""
    shutil.copy(ROOT / "deploy" / "injection" / "sitecustomize.py", tmp_path)
    ended = _run("print('ran')", sink, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "ran\n")
    assert "not instrumented" in ended.stderr


def test_what_is_injected_runs_on_any_python() -> None:
    """One image for all versions: what has compiled parts does without them on another."""
    compiled = {
        found.name
        for found in _closure(["clew"])
        if any(file.suffix in (".so", ".pyd") for file in found.files or ())
    }
    assert compiled <= {"clew", "wrapt"}
