"""docs/testing.md: its examples are a service and its tests, and they pass."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.processes import DEADLINE_S, ROOT, environ

_BLOCK = re.compile(r"^```python file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEXT = (ROOT / "docs" / "testing.md").read_text()


def pytest_run(folder: Path, *words: str, **own: str) -> subprocess.CompletedProcess[str]:
    """pytest in `folder`, as a user runs it: with the plugin from its entry point."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(
        command, env=environ({"PYTHONPATH": str(folder), **own}), cwd=folder, text=True,
        capture_output=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip


def test_the_examples_pass(tmp_path: Path) -> None:
    """Each file of the guide is written to a folder, and pytest finds every test in it."""
    files = dict(_BLOCK.findall(TEXT))
    assert len(files) == TEXT.count("```python")
    for name, code in files.items():
        (tmp_path / name).write_text(code)
    ended = pytest_run(tmp_path)
    expected = sum(code.count("\ndef test_") for code in files.values())
    assert f"{expected} passed" in ended.stdout, ended.stdout + ended.stderr


def test_what_it_names_exists() -> None:
    """Each fixture of the guide's table is one of the plugin's, and the reverse."""
    import clew_pytest

    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)) == clew_pytest._FIXTURES
