"""`python -m tools.site` builds the documentation's site into site/; a broken link is an error.

The pages are those of docs/, and the runbooks of alerts/, which stay where the alerts are. So a
folder is put together first: links between the two are made to fit, and what zensical.toml's
navigation doesn't name is put at its end.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomllib

ROOT = Path(__file__).resolve().parent.parent
_RUNBOOKS = "runbooks"
# How a page of docs/, and how a runbook, writes what the other folder is on the site.
_LINKS = (("](../alerts/runbooks/", "](runbooks/"), ("](../../docs/", "](../"))


def gather(root: Path, folder: Path) -> None:
    """Put zensical.toml and all pages into `folder`."""
    docs = folder / "docs"
    shutil.copytree(root / "docs", docs)
    shutil.copytree(root / "alerts" / "runbooks", docs / _RUNBOOKS, dirs_exist_ok=True)
    for page in docs.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for written, there in _LINKS:
            text = text.replace(written, there)
        page.write_text(text, encoding="utf-8")
    settings = (root / "zensical.toml").read_text(encoding="utf-8")
    more = ",\n".join(f"  {entry}" for entry in _unnamed(docs, settings))
    head, mark, rest = settings.partition("\n]\n")  # where the list of pages ends
    (folder / "zensical.toml").write_text(f"{head}\n{more},{mark}{rest}", encoding="utf-8")


def build(root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Gather into `folder` and build there, strictly; the site is in `folder`/site."""
    gather(root, folder)
    zensical = Path(sys.executable).with_name("zensical")
    return subprocess.run(
        [str(zensical), "build", "--strict", "--clean"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def _unnamed(docs: Path, settings: str) -> Iterator[str]:
    """Entries for pages that the navigation doesn't name, and for the runbooks."""
    named = set(pages_of(tomllib.loads(settings)["project"]["nav"]))
    for page in sorted(docs.glob("*.md")):
        if page.name not in named:
            yield _entry(page, page.name)
    runbooks = sorted((docs / _RUNBOOKS).glob("*.md"))
    inside = ", ".join(_entry(page, f"{_RUNBOOKS}/{page.name}") for page in runbooks)
    yield f'{{ "Runbooks" = [{inside}] }}'


def _entry(page: Path, path: str) -> str:
    first = page.read_text(encoding="utf-8").partition("\n")[0]
    title = first.removeprefix("# ").strip().replace("`", "").replace('"', "'") or page.stem
    return f'{{ "{title}" = "{path}" }}'


def pages_of(nav: Any) -> list[str]:
    """The files that a navigation names."""
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [page for entry in entries for page in pages_of(entry)]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="clew-site-") as name:
        done = build(ROOT, Path(name))
        print(done.stdout + done.stderr)
        if done.returncode == 0:
            shutil.rmtree(ROOT / "site", ignore_errors=True)
            shutil.copytree(Path(name) / "site", ROOT / "site")
            print("site/index.html")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
