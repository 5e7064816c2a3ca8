"""`python -m dashboards.render BOARD FILE`: a generated board with live answers, as HTML or PNG."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dashboards.render._page import WIDTH, page

_GENERATED = Path(__file__).resolve().parents[1] / "generated"
_URLS = {
    "prometheus": "http://127.0.0.1:9090",
    "loki": "http://127.0.0.1:3100",
    "jaeger": "http://127.0.0.1:16686",
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ALL = {**dict.fromkeys(("service", "slo", "correlation_id"), ".+"), "route": ".*"}


class NoBrowser(Exception):
    """No Chromium is installed, which a PNG needs."""


def render(
    uid: str, file: Path, urls: Mapping[str, str], variables: Mapping[str, str], seconds: int
) -> None:
    """Write the board's page to `file`, or its picture if that ends in .png. Raises NoBrowser."""
    board = _GENERATED / f"{uid}.json"
    text, height = page(board, urls, {"entry": "gateway", **_ALL, **variables}, seconds)
    if file.suffix != ".png":
        file.write_text(text, encoding="utf-8")
        return
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise NoBrowser("a PNG needs Chromium; give a file that ends in .html")
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder) / "board.html"
        html.write_text(text, encoding="utf-8")
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={WIDTH},{height}"]
        command += [f"--screenshot={file.resolve()}", html.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def main(words: list[str]) -> int:
    """Render one board; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.render", description=__doc__)
    parser.add_argument("board", choices=sorted(file.stem for file in _GENERATED.glob("*.json")))
    parser.add_argument("file", type=Path, help="FILE.html or FILE.png")
    parser.add_argument("--minutes", type=float, default=30, help="how far back (%(default)s)")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE")
    for name, url in _URLS.items():
        parser.add_argument(f"--{name}", default=url, metavar="URL", help="(%(default)s)")
    chosen = parser.parse_args(words)
    urls = {name: getattr(chosen, name) for name in _URLS}
    variables = dict(each.split("=", 1) for each in chosen.var)
    try:
        render(chosen.board, chosen.file, urls, variables, int(chosen.minutes * 60))
    except (NoBrowser, OSError) as error:
        print(f"render: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
