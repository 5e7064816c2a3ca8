"""The documentation's site, and what of it is written by programs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import tomllib

from tests.docs.pages import DOCS, ROOT
from tools import reference


def _build(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "zensical"), "build", "--strict", "--clean"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _copy(folder: Path) -> Path:
    shutil.copytree(DOCS, folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    return folder


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Strictly: each page of the navigation is there, and each link leads somewhere."""
    done = _build(_copy(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for page in DOCS.glob("*.md"):
        assert (tmp_path / "site" / f"{page.stem}.html").exists()


def test_a_broken_link_ends_the_build(tmp_path: Path) -> None:
    """The check above can fail."""
    folder = _copy(tmp_path)
    (folder / "docs" / "quick-start.md").write_text("# Quick start\n\n[nowhere](nowhere.md)\n")
    assert _build(folder).returncode != 0


def test_every_page_is_in_the_navigation() -> None:
    """A page that nobody finds is no documentation."""
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    assert set(_pages(nav)) == {page.name for page in DOCS.glob("*.md")}


def test_the_reference_is_up_to_date() -> None:
    """A setting or a name that was added is on the page."""
    again = "run `python -m tools.reference`"
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), again


def test_every_variable_of_the_package_is_in_the_reference() -> None:
    """No module reads a CLEW_ variable behind the settings' back."""
    package = ROOT / "instrumentation" / "clew"
    described = {each.key for each in reference.variables()}
    for file in [package / "_config.py", *package.glob("export/*.py")]:
        named = re.findall(r"\"(CLEW_[A-Z_]+)\"", file.read_text(encoding="utf-8"))
        assert set(named) <= described, file.name


def _pages(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [page for entry in entries for page in _pages(entry)]
