"""The documentation's site, and what of it is written by programs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.docs.pages import DOCS, ROOT
from tools import reference, site


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Strictly: each page of the navigation is there, and each link leads somewhere."""
    done = site.build(ROOT, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = [*DOCS.glob("*.md"), *(ROOT / "alerts").glob("runbooks/*.md")]
    assert len(pages) > 10
    for page in pages:
        folder = "runbooks/" if page.parent.name == "runbooks" else ""
        assert (tmp_path / "site" / f"{folder}{page.stem}.html").exists()
    assert "runbooks/BackendDown" in (tmp_path / "site" / "index.html").read_text()


def test_a_broken_link_ends_the_build(tmp_path: Path) -> None:
    """The check above can fail."""
    for name in ("docs", "alerts/runbooks"):
        shutil.copytree(ROOT / name, tmp_path / "root" / name)
    shutil.copy(ROOT / "zensical.toml", tmp_path / "root")
    page = tmp_path / "root" / "docs" / "quick-start.md"
    page.write_text("# Quick start\n\n[nowhere](nowhere.md)\n")
    assert site.build(tmp_path / "root", tmp_path / "built").returncode != 0


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
