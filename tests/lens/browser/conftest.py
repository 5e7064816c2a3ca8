"""Chromium, and lenses for it to look at."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.lens.browser.look import FLAGS, HOW
from tests.lens.process import LensProcess
from tests.lens.story import Story

# A network interface that comes or goes on the machine aborts what Chromium is loading.
_NOT_OURS = "net::ERR_NETWORK_CHANGED"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    path = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if path is None:
        pytest.fail(HOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shop() -> Iterator[tuple[LensProcess, Story]]:
    """A lens that knows the shop's story, with its incident."""
    story = Story(time.time_ns())
    with LensProcess() as lens:
        story.tell(lens.send, minutes=10, rate=1.0)
        lens.wait_until(lambda: lens.get("/status")["points"] > 0)
        lens.wait_until(lambda: lens.get("/status")["waiting_bytes"] == 0)
        yield lens, story


@pytest.fixture
def empty() -> Iterator[LensProcess]:
    """A lens to which nobody has sent anything."""
    with LensProcess() as lens:
        yield lens


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A new tab; any error in its console fails the test."""
    context = chromium.new_context(viewport={"width": 1360, "height": 850}, color_scheme="dark")
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    problems: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and _NOT_OURS not in message.text:
            problems.append(message.text)

    tab.on("console", hear)
    tab.on("pageerror", lambda error: problems.append(str(error)))
    yield tab
    context.close()
    expected = ("404 (Not Found)", "400 (Bad Request)", "ERR_CONNECTION_REFUSED")
    assert [text for text in problems if not any(word in text for word in expected)] == []
