"""Makes the pictures in docs/lens: `python -m tests.lens.browser.shots docs/lens`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.lens.browser.look import FLAGS, open_view
from tests.lens.process import LensProcess
from tests.lens.story import Story


def main(folder: Path) -> None:
    """One picture of each view, the overview and follow in both themes."""
    story = Story(time.time_ns())
    with LensProcess() as lens, sync_playwright() as playwright:
        story.tell(lens.send)
        lens.wait_until(lambda: lens.get("/status")["points"] > 0)
        good = next(
            t for t in lens.get("/traces?name=POST%20/checkout")["traces"] if not t["errors"]
        )
        bad = lens.get("/traces?name=POST%20/checkout&status=error")["traces"][0]
        views = {
            "overview": "/",
            "overview-light": "/",
            "follow": f"/follow/{story.failed[-1]}",
            "follow-light": f"/follow/{story.failed[-1]}",
            "traces": "/traces",
            "compare": f"/compare?a={good['trace_id']}&b={bad['trace_id']}",
            "versions": "/compare?service=orders&name=POST%20/orders/",
            "logs": "/logs",
            "metrics": "/metrics?by=http.route",
            "map": "/map",
            "phone": f"/follow/{story.failed[-1]}",
        }
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, path in views.items():
            phone = name == "phone"
            context = browser.new_context(
                viewport={"width": 390 if phone else 1200, "height": 760 if phone else 700},
                color_scheme="light" if name.endswith("-light") else "dark",
            )
            page = context.new_page()
            open_view(page, lens.page + path)
            page.wait_for_function("document.fonts.ready")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
