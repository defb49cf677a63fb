"""The Dagster UI in a real browser, on the demo's data: lineage, columns, plot and checks are there to be seen.

With BANANA_PICTURES=docs/pictures the pictures in the docs are taken anew.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from banana_assets.core.tables import TABLES
from tests.needs import missing
from tests.system.processes import environment

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def address(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if CHROMIUM is None:
        missing("chromium is not installed (Debian package chromium)")
    home = shutil.copytree(demo_home, tmp_path_factory.mktemp("ui") / "home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-m", "banana_assets.definitions", "-h", "127.0.0.1"]
    log = (home / "webserver.log").open("w")
    server = subprocess.Popen(
        [*command, "-p", str(port)],
        env=environment(home) | {"DAGSTER_HOME": str(home / "dagster")},
        cwd=home,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=5):
                break
        except (urllib.error.URLError, TimeoutError):
            assert server.poll() is None, (home / "webserver.log").read_text()
            assert time.monotonic() < deadline, "the UI did not come up"
            time.sleep(0.5)
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
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1600, "height": 1000}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: None if _local(request.url) else wrong.append(request.url))
    yield page
    context.close()
    assert not wrong, f"errors on the page or requests off the host: {wrong}"


def _local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


def picture(page: Page, name: str, tmp_path: Path) -> None:
    folder = PROJECT / os.environ["BANANA_PICTURES"] if "BANANA_PICTURES" in os.environ else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(1500)
    page.screenshot(path=folder / f"{name}.png")


def test_the_lineage_leads_from_plans_back_to_log_files(page: Page, address: str, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 2000, "height": 1300})
    page.goto(f"{address}/assets/plans?view=lineage&lineageScope=upstream&lineageDepth=10")
    for name in ("log_files", "log_events", "log_patterns", "build_failures", "bottlenecks", "plans"):
        page.get_by_text(name, exact=True).last.wait_for()
    picture(page, "lineage", tmp_path)


@pytest.mark.parametrize(
    "asset", ["log_patterns", "build_failures", "resource_usage_predictions", "build_health", "system_metrics", "plans"]
)
def test_an_asset_shows_columns_and_plot(page: Page, address: str, asset: str, tmp_path: Path) -> None:
    page.goto(f"{address}/assets/{asset}?view=overview")
    page.get_by_text("Column name", exact=True).wait_for()
    for column in TABLES[asset].columns[:4]:
        assert page.get_by_text(column.name, exact=True).count(), f"column {column.name} is not shown"
    picture(page, f"{asset}_columns", tmp_path)
    page.get_by_role("row").filter(has_text="plot").get_by_text("Show Markdown").click()
    plot = page.locator("img[src^='data:image/svg+xml']")
    plot.wait_for()
    assert plot.evaluate("image => image.complete && image.naturalWidth > 100"), "the plot is not drawn"
    picture(page, f"{asset}_plot", tmp_path)


def test_checks_are_listed_with_their_results(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/assets/log_patterns?view=checks")
    for name in ("every_shape_is_in_one_pattern", "frequencies_add_up", "rows_keep_the_schema"):
        page.get_by_text(name).first.wait_for()
    assert page.get_by_text("Passed").count()
    picture(page, "checks", tmp_path)
