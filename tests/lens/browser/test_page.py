"""The page, in a real browser."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.lens import otlp_json as otlp
from tests.lens.browser.look import open_view
from tests.lens.process import LensProcess
from tests.lens.story import Story

pytestmark = pytest.mark.browser
Shop = tuple[LensProcess, Story]
VIEWS = ("/", "/traces", "/logs", "/metrics", "/map", "/compare", "/follow")
TRACE = "a" * 32


def test_from_the_overview_by_clicks_to_why_it_failed(page: Page, shop: Shop) -> None:
    """Two clicks: the latest failure, then the log line that explains it."""
    lens, story = shop
    open_view(page, lens.page)
    failures = page.locator("section", has_text="Latest failures")
    expect(failures).to_contain_text("CardGatewayTimeout")
    failures.get_by_role("link", name="POST /checkout").first.click()
    cause = page.get_by_label("Why it failed")
    expect(cause).to_contain_text("It failed here")
    expect(cause).to_contain_text("payments")
    expect(cause).to_contain_text("no answer from cards.example in 2.0 s (attempt 3 of 3)")
    expect(cause).to_contain_text('cards.py", line 88, in charge')
    page.locator(".fall .log.error", has_text=re.compile("charge of ord-.* failed")).click()
    expect(page.locator("#drawer pre.trace")).to_contain_text("CardGatewayTimeout")
    expect(page.locator("#drawer")).to_contain_text("ord-")


def test_red_services_come_first_and_unfold(page: Page, shop: Shop) -> None:
    """Failing services on top; a click shows their routes, and a route its failed requests."""
    open_view(page, shop[0].page)
    first = page.locator("tbody tr").first
    expect(first).to_have_class(re.compile("failing"))
    page.get_by_role("row", name=re.compile("payments")).first.click()
    page.get_by_role("link", name=re.compile("failed")).first.click()
    expect(page).to_have_url(re.compile("/traces.*status=error"))
    expect(page.locator("table.traces tr").first).to_contain_text("POST /checkout")


def test_the_overview_is_live(page: Page, empty: LensProcess) -> None:
    """What arrives shows without a reload."""
    open_view(page, empty.page)
    expect(page.locator("#view")).to_contain_text("Nothing has arrived yet")
    span = otlp.span(TRACE, "b" * 16, "GET /", start=time.time_ns())
    empty.send("/v1/traces", otlp.traces("newcomer", span))
    expect(page.locator("table.overview")).to_contain_text("newcomer")


def test_an_id_pasted_too_early_shows_when_it_arrives(page: Page, empty: LensProcess) -> None:
    """Nothing is stored yet, then it is: without a reload."""
    open_view(page, f"{empty.page}/follow/early-bird")
    expect(page.locator("#view")).to_contain_text("Nothing is stored under this id")
    attrs = {"correlation_id": "early-bird"}
    span = otlp.span(TRACE, "b" * 16, "GET /worm", start=time.time_ns(), attrs=attrs)
    empty.send("/v1/traces", otlp.traces("birds", span))
    expect(page.locator(".fall")).to_contain_text("GET /worm")


def test_live_tail(page: Page, empty: LensProcess) -> None:
    """A log line shows as it arrives; a filter keeps others out."""
    open_view(page, f"{empty.page}/logs?tail=1&level=warn")
    expect(page.get_by_role("log")).to_contain_text("Waiting for log lines")
    now = time.time_ns()
    records = [
        otlp.log("too quiet", time=now, severity=9),
        otlp.log("watch out", time=now, severity=13),
    ]
    empty.send("/v1/logs", otlp.logs("users", *records))
    expect(page.get_by_role("log")).to_contain_text("watch out")
    expect(page.get_by_role("log")).not_to_contain_text("too quiet")
    empty.send("/v1/logs", otlp.logs("users", otlp.log("and again", time=now, severity=17)))
    expect(page.get_by_role("log")).to_contain_text("and again")
    expect(page.locator(".lines .line")).to_have_count(2)


EVIL = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"


def test_markup_and_control_characters_are_text(page: Page, empty: LensProcess) -> None:
    """In a service, a span, an attribute, a log line and a stack trace: shown, never run."""
    odd = f"{EVIL}\x1b[31m\x00\u202eevil"
    now = time.time_ns()
    raised = otlp.exception(now, odd, odd, odd)
    span = otlp.span(TRACE, "b" * 16, odd, start=now, error=odd, attrs={odd: odd}, events=[raised])
    empty.send("/v1/traces", otlp.traces(odd, span, version=odd))
    record = otlp.log(
        odd, time=now, severity=17, trace_id=TRACE, span_id="b" * 16, attrs={odd: odd}
    )
    empty.send("/v1/logs", otlp.logs(odd, record))
    empty.wait_until(lambda: empty.get("/status")["logs"] == 1)
    for path in ("/", "/traces", "/logs", "/map", f"/follow/{TRACE}"):
        open_view(page, empty.page + path)
        expect(page.locator("#view")).to_contain_text("<script>window.hacked")
        assert page.evaluate("window.hacked") is None
    page.locator(".fall .line.error").nth(1).click()
    expect(page.locator("#drawer")).to_contain_text("␛[31m␀⟨U+202E⟩evil")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#view script, #view img, #drawer script, #drawer img").count() == 0


@pytest.mark.parametrize(
    "path, text",
    [
        ("/", "Nothing has arrived yet"),
        ("/traces", "No traces in this time"),
        ("/traces?service=nobody", "No trace fits"),
        ("/logs", "No log lines"),
        ("/metrics", "No metrics yet"),
        ("/map", "No calls in this time"),
        ("/compare", "Which two?"),
        ("/follow", "Which request?"),
        ("/follow/nobody-has-this", "Nothing is stored under this id"),
    ],
)
def test_empty_views_say_what_to_do(page: Page, empty_shared: str, path: str, text: str) -> None:
    """No view is ever blank."""
    open_view(page, empty_shared + path)
    expect(page.locator("#view")).to_contain_text(text)


@pytest.fixture(scope="module")
def empty_shared() -> Any:
    """The address of a lens that stays empty."""
    with LensProcess() as lens:
        yield lens.page


def test_a_refused_question_is_explained(page: Page, empty_shared: str) -> None:
    """The reason of a 400 is shown."""
    open_view(page, f"{empty_shared}/traces?since=yesterday")
    expect(page.get_by_role("alert")).to_contain_text("since 'yesterday' isn't like 30s, 15m")


def test_a_lens_that_went_away_is_told(page: Page) -> None:
    """The view stays, with a word above it that the lens doesn't answer."""
    with LensProcess() as lens:
        span = otlp.span(TRACE, "b" * 16, "GET /", start=time.time_ns())
        lens.send("/v1/traces", otlp.traces("users", span))
        lens.wait_until(lambda: lens.get("/status")["spans"] == 1)
        open_view(page, lens.page)
        expect(page.locator("table.overview")).to_contain_text("users")
    expect(page.get_by_role("alert")).to_contain_text("doesn't answer")
    expect(page.locator("table.overview")).to_contain_text("users")


def test_the_keyboard_is_enough(page: Page, shop: Shop) -> None:
    """/ and an id, numbers for views, j and Enter for rows, Esc to close, t for the theme."""
    lens, story = shop
    open_view(page, lens.page)
    page.keyboard.press("/")
    page.keyboard.type(story.failed[0])
    page.keyboard.press("Enter")
    expect(page.get_by_label("Why it failed")).to_be_visible()
    page.locator("body").click(position={"x": 5, "y": 400})
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.row")
    before = page.evaluate("document.documentElement.dataset.theme")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") != before
    page.keyboard.press("3")
    expect(page).to_have_url(re.compile("/logs"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("follow an id")


def test_a_log_line_leads_to_its_request(page: Page, shop: Shop) -> None:
    """Search, unfold, follow."""
    open_view(page, f"{shop[0].page}/logs")
    page.get_by_label("Search messages").fill("card gateway is slow")
    page.keyboard.press("Enter")
    lines = page.locator(".lines .line")
    expect(lines.filter(has_not_text="card gateway is slow")).to_have_count(0)
    lines.first.click()
    page.get_by_role("link", name="Follow this request").first.click()
    expect(page.get_by_label("Why it failed")).to_contain_text("CardGatewayTimeout")


def test_an_exemplar_opens_its_trace(page: Page, shop: Shop) -> None:
    """The circle on the chart is a link."""
    open_view(page, f"{shop[0].page}/metrics?name=http.server.request.duration&by=http.route")
    expect(page.locator(".legend")).to_contain_text("/charge")
    page.locator(".exemplar").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/follow/[0-9a-f]{32}"))
    expect(page.locator(".fall").first).to_contain_text("POST /checkout")


def test_the_map_shows_the_queue_and_leads_to_traces(page: Page, shop: Shop) -> None:
    """Services, database and queue; the failing edge says so."""
    open_view(page, f"{shop[0].page}/map")
    expect(page.locator(".map .node")).to_have_count(7)
    expect(page.locator(".map .node.queue")).to_contain_text("rabbitmq:order-created")
    expect(page.locator(".map .on-edge.bad").first).to_contain_text("failed")
    page.locator(".map .node", has_text="payments").click()
    expect(page).to_have_url(re.compile("service=payments"))


def test_two_traces_are_chosen_and_compared(page: Page, shop: Shop) -> None:
    """Tick two, press the button, see where the time went."""
    open_view(page, f"{shop[0].page}/traces?service=gateway")
    boxes = page.get_by_label("Choose to compare")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Compare two").click()
    expect(page.locator("#view")).to_contain_text("Where the time went")
    expect(page.locator(".fall")).to_have_count(2)


def test_two_versions_are_compared(page: Page, shop: Shop) -> None:
    """From a group of requests to its route before and after a version."""
    open_view(page, f"{shop[0].page}/traces?service=orders")
    page.get_by_role("link", name="versions").first.click()
    expect(page.locator("#view")).to_contain_text("version 1.4.0")
    expect(page.locator("#view")).to_contain_text("version 1.5.0")


def test_back_and_forward(page: Page, shop: Shop) -> None:
    """Every step is an address: back returns to it."""
    open_view(page, shop[0].page)
    page.get_by_role("link", name="Logs", exact=True).click()
    expect(page.get_by_role("log")).to_be_visible()
    page.go_back()
    expect(page.locator("table.overview")).to_be_visible()


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_view_fits_a_phone(page: Page, shop: Shop, path: str, scheme: Any) -> None:
    """In both themes nothing sticks out to the side, and every control has a name."""
    lens, story = shop
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)
    open_view(page, lens.page + (f"{path}/{story.failed[0]}" if path == "/follow" else path))
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    sticking_out = page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth ? [] :"
        " [...document.querySelectorAll('#view *')].filter((e) => e.getBoundingClientRect().right >"
        " innerWidth && !e.closest('.fall, .scroll')).map((e) => e.outerHTML.slice(0, 80))"
        ".concat('the page')"
    )
    assert sticking_out == []
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, select, a')].filter((e) =>"
        " !(e.getAttribute('aria-label') || e.textContent.trim() || e.title)).length"
    )
    assert nameless == 0
