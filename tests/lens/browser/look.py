"""How tests open the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TookTooLong

HOW = "no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM to its path"
# Without these a headless Chromium asks for Google's hosts at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def open_view(page: Page, address: str) -> None:
    """Go there and wait until the view is drawn; again where the network changed meanwhile."""
    for _ in range(3):
        page.goto(address)
        try:
            page.wait_for_selector("#view[data-ready], #view [role=alert]", timeout=7_000)
        except TookTooLong:  # the aborted load left an empty page
            continue
        return
    pytest.fail(f"{address} was not drawn")
