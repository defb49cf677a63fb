"""The dashboard in a real browser: nothing but its own files, no error, by keyboard, in the dark, on a phone, live.

With BANANA_PICTURES=docs/pictures the pictures in the docs are taken anew.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.needs import missing
from tests.system.processes import BANANA, environment

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PROJECT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC).replace(microsecond=0)
LONG = 20_000
GREEN = "##[group]Run npm ci\nadded 12 packages\n##[endgroup]\n##[group]Run npm test\n12 passing\n##[endgroup]\n"
RED = (
    "##[group]Run npm ci\n\x1b[32madded\x1b[0m 12 packages\n##[endgroup]\n"
    "##[group]Run npm test\nsh: 1: jest: not found\nnpm error code 127\n##[endgroup]\n"
    "##[error]Process completed with exit code 127.\n"
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on a home with a few builds."""
    if CHROMIUM is None:
        missing("chromium is not installed (Debian package chromium)")
    folder, home = tmp_path_factory.mktemp("ci"), tmp_path_factory.mktemp("homes") / "home"
    logs = {
        "web-1": ("success", GREEN),
        "web-2": ("failed", RED),
        "<img src=x onerror=alert(1)>": ("failed", "<script>alert(1)</script>\n" + RED),
        "web-4": ("failed", "compiling something, line after line\n" * LONG + RED),
    }
    rows = []
    for n, (name, (status, log)) in enumerate(logs.items()):
        at = NOW - timedelta(hours=5 - n)
        (folder / f"{n}.log").write_text(log)
        row = {"build_id": name, "pipeline": "web", "job": "test", "branch": "main", "status": status}
        row |= {"commit": f"{n}f1c9a0b77d2", "log": f"{n}.log", "started_at": at.isoformat()}
        rows.append(json.dumps(row | {"finished_at": (at + timedelta(seconds=48)).isoformat()}))
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    done = subprocess.run(
        [*BANANA, "ingest", "builds", str(folder)], env=environment(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log_file = (folder / "server.log").open("w")
    server = subprocess.Popen([*BANANA, "serve", "--port", str(port)], env=environment(home), stderr=log_file)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                break
        except (urllib.error.URLError, TimeoutError):
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.2)
    # Asked for once, so that the failures are explained.
    urllib.request.urlopen(url, timeout=30).close()
    yield url
    server.terminate()
    server.wait(timeout=30)
    log_file.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser's window; after the test no page may have had an error, or asked another host for anything."""
    options = getattr(request, "param", {})
    made = browser.new_context(**({"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"} | options))
    made.set_default_timeout(15_000)
    wrong: list[str] = []
    made.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    made.on("weberror", lambda error: wrong.append(str(error.error)))
    made.on("request", lambda asked: None if asked.url.startswith("http://127.0.0.1:") else wrong.append(asked.url))
    yield made
    made.close()
    wrong = [text for text in wrong if "ERR_INTERNET_DISCONNECTED" not in text]
    assert not wrong, f"errors on a page, or requests off the host: {wrong}"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def picture(page: Page, name: str, tmp_path: Path) -> None:
    folder = PROJECT / os.environ["BANANA_PICTURES"] if "BANANA_PICTURES" in os.environ else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")


def pages_of(page: Page, address: str) -> list[str]:
    """Every page that the navigation names, and two builds."""
    page.goto(address)
    named = page.locator("header nav a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return [*named, "/build/web-2", "/build/web-4", "/changes/web-2", "/login"]


PICTURES = {
    "light": [("/", "dashboard_builds"), ("/build/web-2", "dashboard_build")],
    "dark": [("/build/web-2", "dashboard_dark")],
    "phone": [("/", "dashboard_phone")],
}
PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize(
    "context", [{}, {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "phone"], indirect=True
)
def test_every_page_is_whole(page: Page, served: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    kind = request.node.callspec.id
    for path in pages_of(page, served):
        answer = page.goto(f"{served}{path}")
        assert answer is not None
        assert answer.status == 200, path
        expect(page.locator("h1")).to_have_count(1)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{path} is {over} px too wide"
        twice = page.evaluate(
            "() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
            " return ids.filter((id, n) => ids.indexOf(id) !== n) }"
        )
        assert not twice, f"{path} has ids twice: {twice}"
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) < 200) == (kind == "dark")
    for path, name in PICTURES[kind]:
        page.goto(f"{served}{path}")
        picture(page, name, tmp_path)


def test_what_a_build_is_called_is_never_run(page: Page, served: str) -> None:
    page.goto(served)
    page.get_by_text("<img src=x onerror=alert(1)>").click()
    expect(page.locator("h1")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator("#lines")).to_contain_text("<script>alert(1)</script>")


def test_a_new_build_shows_within_three_seconds_without_loading_the_page(page: Page, served: str) -> None:
    page.goto(served)
    page.evaluate("window.kept = true")
    page.locator("tbody tr").nth(1).hover()
    told = {"pipeline": "web", "job": "lint", "status": "running", "started_at": datetime.now(UTC).isoformat()}
    ask = urllib.request.Request(
        f"{served}/builds/live-1", json.dumps(told).encode(), {"content-type": "application/json"}, method="PUT"
    )
    urllib.request.urlopen(ask, timeout=10).close()
    expect(page.locator("tr[data-key='live-1'] .status")).to_have_text("running", timeout=3_000)
    told |= {"status": "success", "finished_at": datetime.now(UTC).isoformat()}
    ask.data = json.dumps(told).encode()
    urllib.request.urlopen(ask, timeout=10).close()
    expect(page.locator("tr[data-key='live-1'] .status")).to_have_text("success", timeout=3_000)
    assert page.evaluate("window.kept")


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
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("web-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=web-2")
    page.keyboard.press("j")
    expect(page.locator("tr.chosen")).to_have_attribute("data-key", "web-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/build/web-2")
    page.keyboard.press("n")
    page.wait_for_url("**/build/web-2#L*")
    expect(page.locator(".l.told")).to_contain_text("jest: not found")


def test_lines_are_linked_and_steps_fold(page: Page, served: str) -> None:
    page.goto(f"{served}/build/web-2")
    page.locator("#L2 > a").click()
    page.locator("#L4 > a").click(modifiers=["Shift"])
    assert page.url.endswith("#L2-L4")
    expect(page.locator(".l.told")).to_have_count(3)
    expect(page.locator("#copy-link")).to_be_visible()
    step = page.locator("#lines .step button").first
    step.click()
    expect(page.locator("#L2")).to_be_hidden()
    step.click()
    expect(page.locator("#L2")).to_be_visible()


def test_a_long_log_opens_at_its_cause_and_reads_on(page: Page, served: str) -> None:
    page.goto(f"{served}/build/web-4")
    expect(page.locator("#lines .cause").first).to_contain_text("jest: not found")
    first = int(page.locator("#lines").get_attribute("data-first") or 0)
    assert first > LONG - 1000
    page.get_by_role("link", name="Lines above").click()
    expect(page.locator(f"#L{first - 1}")).to_be_attached()
    expect(page.locator(f"#L{first}")).to_be_attached()
    page.goto(f"{served}/build/web-4#L12-L13")
    expect(page.locator(".l.told")).to_have_count(2)


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
