"""The pages of tables in a real browser, on a home with the demonstration's data: nothing but own files, no error,
plots by keyboard and in both themes, buttons, and the width of a phone.

With BANANA_PICTURES=docs/pictures the pictures in the docs are taken anew.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.needs import missing
from tests.system.processes import BANANA, environment

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PROJECT = Path(__file__).resolve().parents[2]
PAGES = {
    "failures": "/failures",
    "patterns": "/patterns",
    "tests": "/tests",
    "health": "/health",
    "forecasts": "/forecasts",
    "recommendations": "/recommendations",
    "plans": "/plans",
    "learning": "/learning",
    "search": "/search?q=disk+full&how=words",
}
ONES = {"failure": "/failures", "pattern": "/patterns", "plan": "/plans?status=pending&kind=failure"}
PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def served(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on a copy of the demonstration's data."""
    if CHROMIUM is None:
        missing("chromium is not installed (Debian package chromium)")
    home = tmp_path_factory.mktemp("pages") / "home"
    shutil.copytree(demo_home, home, ignore=shutil.ignore_patterns("dagster"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (home / "server.log").open("w")
    server = subprocess.Popen([*BANANA, "serve", "--port", str(port)], env=environment(home), stderr=log)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                break
        except (urllib.error.URLError, TimeoutError):
            assert server.poll() is None, (home / "server.log").read_text()
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.2)
    yield url
    server.terminate()
    server.wait(timeout=30)
    log.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser's window; after the test no page may have had an error (a refusal by its policy is one), or asked
    another host for anything."""
    options = getattr(request, "param", {})
    made = browser.new_context(**({"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"} | options))
    made.set_default_timeout(30_000)
    wrong: list[str] = []
    made.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    made.on("weberror", lambda error: wrong.append(str(error.error)))
    made.on("request", lambda asked: None if asked.url.startswith("http://127.0.0.1:") else wrong.append(asked.url))
    yield made
    made.close()
    assert not wrong, f"errors on a page, or requests off the host: {wrong}"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def picture(page: Page, name: str, tmp_path: Path) -> None:
    folder = PROJECT / os.environ["BANANA_PICTURES"] if "BANANA_PICTURES" in os.environ else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"dashboard_{name}.png")


def opened(page: Page, served: str, part: str) -> None:
    """The first of the failures, patterns or plans."""
    page.goto(served + ONES[part])
    page.goto(served + str(page.locator(f"tr[data-href^='/{part}/'] a").first.get_attribute("href")))


def test_every_page_shows_its_data(page: Page, served: str, tmp_path: Path) -> None:
    for name, path in PAGES.items():
        page.goto(served + path)
        expect(page.locator("h1")).to_be_visible()
        if name != "learning":
            assert page.locator("main table tbody tr, main ol > li").count(), f"{path} shows nothing"
        picture(page, name, tmp_path)
    for part in ONES:
        opened(page, served, part)
        expect(page.locator(".trail a")).to_be_visible()
        picture(page, part, tmp_path)


@pytest.mark.parametrize("context", [PHONE], indirect=True)
def test_no_page_is_wider_than_a_phone(page: Page, served: str, tmp_path: Path) -> None:
    def fits() -> None:
        wide, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= screen, f"{page.url} is {wide} wide"

    for path in PAGES.values():
        page.goto(served + path)
        page.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true")
        fits()
    picture(page, "search_phone", tmp_path)
    for part in ONES:
        opened(page, served, part)
        fits()


@pytest.mark.parametrize("context", [{"color_scheme": "dark"}], indirect=True)
def test_plots_are_drawn_walked_by_keyboard_and_follow_the_theme(page: Page, served: str, tmp_path: Path) -> None:
    page.goto(f"{served}/forecasts")
    plot = page.locator("#forecast-0")
    expect(plot.locator("canvas")).to_be_visible()
    assert plot.locator(".legend li").count() >= 4
    colour = "plot => getComputedStyle(plot.querySelector('.legend line')).stroke"
    dark = plot.evaluate(colour)
    picture(page, "forecasts_dark", tmp_path)
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
    opened(page, served, "plan")
    page.locator("#step-s1 button[value=start]").click()
    expect(page.locator("#step-s1")).to_have_class("running")
    page.locator("#step-s1 button[value=undo]").click()
    expect(page.locator("#step-s1")).to_have_class("pending")
    page.goto(f"{served}/patterns")
    first = page.locator("tbody tr").first
    name = first.locator("a").first.text_content() or ""
    first.get_by_role("button", name="Resolve").click()
    page.goto(f"{served}/patterns?state=resolved")
    row = page.locator("tbody tr").filter(has_text=name).first
    row.get_by_role("button", name="Reopen").click()
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


def test_a_filter_is_sent_when_it_is_chosen(page: Page, served: str) -> None:
    page.goto(f"{served}/patterns")
    page.get_by_label("Severity").select_option("critical")
    page.wait_for_url("**severity=critical**")
    assert set(page.locator("tbody td:first-child").all_text_contents()) == {"critical"}
