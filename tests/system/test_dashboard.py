"""The dashboard in a real browser: nothing but its own files, no error, by keyboard, in the dark, on a phone, live.

One server, on the demonstration's data and builds of extremes, and one browser serve all tests. With
BANANA_PICTURES=docs/pictures the pictures in the docs are taken anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.needs import missing
from tests.system.dashboards import (
    AUDIT,
    BUDGET,
    CHROMIUM,
    DARK,
    DESK,
    FLAGS,
    HOSTILE,
    LONG,
    PHONE,
    picture,
    put,
    serving,
    take_in_extremes,
    too_wide,
    window,
)

LISTS = {
    "builds": "/",
    "failures": "/failures",
    "tests": "/tests",
    "patterns": "/patterns",
    "health": "/health",
    "forecasts": "/forecasts",
    "queues": "/queues",
    "recommendations": "/recommendations",
    "plans": "/plans",
    "learning": "/learning",
    "search": "/search?q=disk+full&how=words",
}
ONES = {
    "build": "/?status=failed",
    "failure": "/failures",
    "pattern": "/patterns",
    "plan": "/plans?status=pending&kind=failure",
}
OTHERS = ("/build/site-1", "/build/site-2", "/changes/site-2", "/search", "/login", "/?q=nothing+is+called+so")
PICTURES = {
    "desk": ("builds", "build", "failure", "forecasts", "health", "plan", "recommendations", "search"),
    "dark": ("build", "forecasts"),
    "phone": ("builds", "build"),
}
TAKEN = os.environ.get("BANANA_PICTURES")
"""The folder of the project in which pictures are kept; none are taken unless it is told."""

SCREENS = {"desk": DESK, "dark": DARK, "phone": PHONE}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def served(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if CHROMIUM is None:
        missing("chromium is not installed (Debian package chromium)")
    home = tmp_path_factory.mktemp("pages") / "home"
    shutil.copytree(demo_home, home, ignore=shutil.ignore_patterns("dagster"))
    take_in_extremes(tmp_path_factory.mktemp("ci"), home)
    with serving(home, home / "server.log") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    with window(browser, **(DESK | getattr(request, "param", {}))) as made:
        yield made


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def first(page: Page, served: str, part: str) -> str:
    """The address of the first of the builds that failed, failures, patterns or plans."""
    page.goto(served + ONES[part])
    return str(page.locator(f"tr[data-href^='/{part}/'] a").first.get_attribute("href"))


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_whole(browser: Browser, served: str, screen: str) -> None:
    with window(browser, **SCREENS[screen]) as context:
        page = context.new_page()
        named = LISTS | {part: first(page, served, part) for part in ONES}
        linked = page.locator("#pages a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        shown = [*named.items(), *(("", path) for path in {*linked, *OTHERS}.difference(named.values()))]
        for name, path in shown if screen != "dark" else [("builds", "/"), *((n, named[n]) for n in PICTURES["dark"])]:
            answer = page.goto(served + path)
            assert answer is not None
            assert answer.status == 200, path
            expect(page.locator("h1")).to_have_count(1)
            if name in LISTS and name != "learning":
                assert page.locator("main table tbody tr, main ol > li").count(), f"{path} shows nothing"
            if TAKEN and name in PICTURES[screen]:
                picture(page, TAKEN, name if screen == "desk" else f"{name}_{screen}")
            assert page.evaluate(AUDIT) == [], path
            assert not too_wide(page), f"{path} is {too_wide(page)} px wider than the screen"
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, ground[4:-1].split(","))) < 200) == (screen == "dark")
            current = page.locator("#pages [aria-current]")
            expect(current).to_have_count(0 if path == "/login" else 1)


@pytest.mark.parametrize("context", [{"timezone_id": "Asia/Kolkata"}], indirect=True)
def test_times_are_in_the_zone_of_the_reader(page: Page, served: str) -> None:
    page.goto(f"{served}/build/site-2")
    told = page.locator("#head time")
    at = datetime.fromisoformat(str(told.get_attribute("datetime"))).astimezone(UTC)
    expect(told).to_have_attribute("title", f"{at:%Y-%m-%d %H:%M:%S} UTC, 400 days ago")
    there = (at + timedelta(hours=5, minutes=30)).strftime("%-d %b %Y")
    expect(told).to_have_text(there)
    say = "(told, now) => bananaTime(new Date(told), new Date(now))"
    for moment, now, said in (
        ("2026-11-22T04:59:00Z", "2026-11-22T04:59:20Z", "just now"),
        ("2026-11-22T04:59:00Z", "2026-11-22T05:20:00Z", "21 minutes ago"),
        ("2026-11-22T04:59:00Z", "2026-11-22T09:00:00Z", "today 10:29"),
        ("2026-11-22T17:00:00Z", "2026-11-22T20:00:00Z", "yesterday 22:30"),
        ("2026-11-03T04:59:00Z", "2026-11-22T09:00:00Z", "3 Nov 10:29"),
    ):
        assert page.evaluate(f"([told, now]) => ({say})(told, now)", [moment, now]) == said
    expect(page.locator("#zone")).to_contain_text("Asia/")


def test_what_a_build_is_called_is_never_run(page: Page, served: str) -> None:
    page.goto(f"{served}/?q=src%3Dx")
    page.locator("tbody a").first.click()
    expect(page.locator("h1")).to_contain_text(HOSTILE)
    expect(page.locator("#lines")).to_contain_text("<script>alert(1)</script>")


def test_a_new_build_shows_within_three_seconds_without_loading_the_page(page: Page, served: str) -> None:
    page.goto(served)
    page.evaluate("window.kept = true")
    page.locator("tbody tr").nth(1).hover()
    told = {"pipeline": "site", "job": "lint", "status": "running", "started_at": datetime.now(UTC).isoformat()}
    put(served, "live-1", **told)
    expect(page.locator("tr[data-key='live-1'] .status")).to_have_text("running", timeout=3_000)
    put(served, "live-1", **(told | {"status": "success", "finished_at": datetime.now(UTC).isoformat()}))
    expect(page.locator("tr[data-key='live-1'] .status")).to_have_text("success", timeout=3_000)
    assert page.evaluate("window.kept")


def test_a_page_with_forms_says_that_it_has_changed(page: Page, served: str, context: BrowserContext) -> None:
    page.goto(f"{served}/recommendations")
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    with page.expect_response(f"{served}/recommendations"):
        page.evaluate(look)
    news = page.locator("#news")
    expect(news).to_be_hidden()
    other = context.new_page()
    other.goto(f"{served}/recommendations")
    other.get_by_role("button", name="Implemented").last.click()
    page.evaluate(look)
    expect(news).to_contain_text("has changed")
    news.get_by_role("link").click()
    expect(news).to_be_hidden()
    other.goto(f"{served}/recommendations?status=implemented")
    reopen = other.get_by_role("button", name="Reopen")
    there = reopen.count()
    reopen.first.click()
    # The page has come back before its window is closed.
    expect(reopen).to_have_count(there - 1)


def test_a_lost_connection_is_told_and_found_again(page: Page, served: str, context: BrowserContext) -> None:
    page.goto(served)
    expect(page.locator("#lost")).to_be_hidden()
    context.set_offline(True)
    expect(page.locator("#lost")).to_contain_text("connection to the server is lost")
    context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden()


def test_the_keyboard_leads_everywhere(page: Page, served: str) -> None:
    page.goto(served)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("site-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=site-2")
    page.keyboard.press("j")
    expect(page.locator("tr.chosen")).to_have_attribute("data-key", "site-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/build/site-2")
    expect(page.locator("#lines .cause").first).to_contain_text("jest: not found")
    page.keyboard.press("n")
    page.wait_for_url("**/build/site-2#L5")
    expect(page.locator("#lines .told")).to_contain_text("jest: not found")
    page.locator("#lines").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_url("**/build/site-2#L6-L7")
    page.keyboard.press("ArrowUp")
    page.wait_for_url("**/build/site-2#L5")


def test_every_stop_of_the_tab_key_is_seen(page: Page, served: str) -> None:
    page.goto(f"{served}/build/site-2")
    ring = (
        "() => { const one = document.activeElement, look = getComputedStyle(one), box = one.getBoundingClientRect();"
        " return one === document.body ? null : [one.outerHTML.slice(0, 120),"
        " look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2 && box.width > 0 && box.height > 0] }"
    )
    seen = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate(ring)
        if told is None:
            break
        assert told[1], f"nothing shows that {told[0]} has the focus"
        seen += 1
    assert 20 < seen < 60, "the tab key does not come round"


@pytest.mark.parametrize("context", [PHONE], indirect=True)
def test_the_pages_hide_behind_a_button_on_a_phone(page: Page, served: str) -> None:
    page.goto(served)
    pages, button = page.locator("#pages"), page.get_by_role("button", name="Menu")
    expect(pages).to_be_hidden()
    button.tap()
    expect(pages).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    assert not too_wide(page)
    page.keyboard.press("Escape")
    expect(pages).to_be_hidden()
    button.tap()
    pages.get_by_role("link", name="Plans").tap()
    page.wait_for_url("**/plans")
    expect(pages).to_be_hidden()


def test_lines_are_linked_and_steps_fold(page: Page, served: str) -> None:
    page.goto(f"{served}/build/site-2")
    page.locator("#L2 > a").click()
    page.locator("#L4 > a").click(modifiers=["Shift"])
    assert page.url.endswith("#L2-L4")
    expect(page.locator("#lines .told")).to_have_count(3)
    expect(page.locator("#copy-link")).to_be_visible()
    step = page.locator("#lines .step button").first
    step.click()
    expect(page.locator("#L2")).to_be_hidden()
    step.click()
    expect(page.locator("#L2")).to_be_visible()
    page.locator(".jumps a[href='#pack']").click()
    expect(page.locator("#pack pre")).to_be_visible()


def test_a_long_log_opens_at_its_cause_and_reads_on(page: Page, served: str) -> None:
    page.goto(f"{served}/build/site-long")
    # Found out while one waits.
    expect(page.locator("#lines .cause").first).to_contain_text("jest: not found", timeout=60_000)
    lines = page.locator("#lines")
    begin = int(lines.get_attribute("data-first") or 0)
    assert begin > LONG - 1000
    assert len(page.content()) < BUDGET
    page.get_by_role("link", name="Lines above").click()
    expect(page.locator(f"#L{begin - 1}")).to_be_attached()
    expect(page.locator(f"#L{begin}")).to_be_attached()
    page.goto(f"{served}/build/site-long#L12-L13")
    expect(page.locator("#lines .told")).to_have_count(2)


def test_a_long_line_is_cut_and_stays_on_the_screen(page: Page, served: str) -> None:
    page.goto(f"{served}/build/site-wide")
    expect(page.locator("#lines .cause").first).to_contain_text("jest: not found")
    expect(page.locator("#L2 .cut")).to_contain_text("more characters")
    assert len(page.content()) < BUDGET
    assert not too_wide(page)


def test_the_theme_is_remembered(page: Page, served: str) -> None:
    page.goto(served)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    button = page.locator("#theme-button")
    button.click()
    button.click()
    expect(button).to_have_text("Dark")
    page.reload()
    expect(button).to_have_text("Dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


@pytest.mark.parametrize("context", [DARK], indirect=True)
def test_plots_are_drawn_walked_by_keyboard_and_follow_the_theme(page: Page, served: str) -> None:
    page.goto(f"{served}/forecasts")
    plot = page.locator("#forecast-0")
    expect(plot.locator("canvas")).to_be_visible()
    assert plot.locator(".legend li").count() >= 4
    colour = "plot => getComputedStyle(plot.querySelector('.legend line')).stroke"
    dark = plot.evaluate(colour)
    plot.focus()
    page.keyboard.press("End")
    said = page.locator("#forecast-0-said")
    expect(said).to_contain_text("80 %")
    last = said.text_content()
    page.keyboard.press("ArrowLeft")
    expect(said).not_to_have_text(last or "")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"before => ({colour})(document.getElementById('forecast-0')) !== before", arg=dark)
    # What is drawn also stands in a table.
    page.locator("main .card details summary").first.click()
    assert page.locator("main .card details[open] tbody tr").count() > 3


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
def test_buttons_work_without_a_script(page: Page, served: str) -> None:
    page.goto(served + first(page, served, "plan"))
    page.locator("#step-s1 button[value=start]").click()
    expect(page.locator("#step-s1")).to_have_class("running")
    page.locator("#step-s1 button[value=undo]").click()
    expect(page.locator("#step-s1")).to_have_class("pending")
    page.goto(f"{served}/patterns")
    row = page.locator("tbody tr").first
    name = row.locator("a").first.text_content() or ""
    row.get_by_role("button", name="Resolve").click()
    page.goto(f"{served}/patterns?state=resolved")
    page.locator("tbody tr").filter(has_text=name).first.get_by_role("button", name="Reopen").click()
    page.goto(f"{served}/recommendations")
    one = page.locator("ol.advice > li").first
    ident = one.get_attribute("id")
    one.locator("input[name=note]").fill("not worth it")
    one.get_by_role("button", name="Dismiss").click()
    page.goto(f"{served}/recommendations?status=dismissed")
    expect(page.locator(f"#{ident}")).to_contain_text("not worth it")
    page.locator(f"#{ident}").get_by_role("button", name="Reopen").click()
    page.goto(f"{served}/forecasts")
    assert page.locator("main .card details table").count()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()


def test_a_filter_is_sent_when_it_is_chosen(page: Page, served: str) -> None:
    page.goto(f"{served}/patterns")
    page.get_by_label("Severity").select_option("critical")
    page.wait_for_url("**severity=critical**")
    assert set(page.locator("tbody td:first-child").all_text_contents()) == {"critical"}
