"""What the browser tests of the dashboard stand on: a server on the demonstration's data and builds of extremes,
windows that note what goes wrong in them, and what is asked of every page."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from tests.system.processes import BANANA, environment

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PROJECT = Path(__file__).resolve().parents[2]
DESK: dict[str, Any] = {"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"}
DARK = DESK | {"color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LONG = 60_000
WIDE = 3_000_000
BUDGET = 200_000
"""Bytes that the page of a build may have, however long its log is."""

HOSTILE = "<img src=x onerror=alert(1)>"
GREEN = "##[group]Run npm ci\nadded 12 packages\n##[endgroup]\n##[group]Run npm test\n12 passing\n##[endgroup]\n"
RED = (
    "##[group]Run npm ci\n\x1b[32madded\x1b[0m 12 packages\n##[endgroup]\n"
    "##[group]Run npm test\nsh: 1: jest: not found\nnpm error code 127\n##[endgroup]\n"
    "##[error]Process completed with exit code 127.\n"
)

AUDIT = """() => {
  const told = [], say = (what, one) => told.push(what + ": " + one.outerHTML.slice(0, 160));
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of ids.filter((id, n) => ids.indexOf(id) !== n)) told.push("an id twice: " + id);
  let level = 0;
  for (const one of document.querySelectorAll("main :is(h1, h2, h3, h4)")) {
    const mine = Number(one.tagName[1]);
    if (mine > level + 1) say("a level of headings is left out", one);
    level = mine;
  }
  for (const one of document.querySelectorAll("a[href], button, summary")) {
    const name = one.getAttribute("aria-label") || one.textContent.trim();
    if (!name) say("no name", one);
  }
  for (const one of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!one.labels.length && !one.getAttribute("aria-label")) say("no label", one);
  }
  for (const one of document.querySelectorAll("img:not([alt])")) say("no alternative", one);
  for (const one of document.querySelectorAll("[tabindex]")) if (one.tabIndex > 0) say("an order of its own", one);
  for (const one of document.querySelectorAll("[data-href]")) if (!one.querySelector("a")) say("only for a mouse", one);
  for (const one of document.querySelectorAll("table")) if (!one.querySelector("th")) say("no headings", one);
  return told;
}"""
"""What a page gets wrong for who cannot see it, or has no mouse; empty where nothing is."""


@contextmanager
def serving(home: Path, log: Path) -> Iterator[str]:
    """The address of a server on that home, whose failures were asked for once, so that they are explained."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("w") as told:
        server = subprocess.Popen([*BANANA, "serve", "--port", str(port)], env=environment(home), stderr=told)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                    break
            except (urllib.error.URLError, TimeoutError):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "the server did not come up"
                time.sleep(0.2)
        yield url
        server.terminate()
        server.wait(timeout=30)


def take_in_extremes(folder: Path, home: Path) -> None:
    """Builds older than all others there: one whose name is markup, one with a very long log, one with a very long
    line."""
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=400)
    logs = {
        "site-1": ("success", GREEN),
        "site-2": ("failed", RED),
        HOSTILE: ("failed", "<script>alert(1)</script>\n" + RED),
        "site-long": ("failed", "compiling something, line after line\n" * LONG + RED),
        "site-wide": ("failed", "begin\n" + "x" * WIDE + "\n" + RED),
    }
    rows = []
    for n, (name, (status, log)) in enumerate(logs.items()):
        at = now + timedelta(hours=n)
        (folder / f"{n}.log").write_text(log)
        row = {"build_id": name, "pipeline": "site", "job": "test", "branch": "main", "status": status}
        row |= {"commit": f"{n}f1c9a0b77d2", "log": f"{n}.log", "started_at": at.isoformat()}
        rows.append(json.dumps(row | {"finished_at": (at + timedelta(seconds=48)).isoformat()}))
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    words = [*BANANA, "ingest", "builds", str(folder)]
    done = subprocess.run(words, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def put(url: str, build_id: str, **told: Any) -> None:
    """Tell the server of a build."""
    ask = urllib.request.Request(
        f"{url}/builds/{build_id}", json.dumps(told).encode(), {"content-type": "application/json"}, method="PUT"
    )
    urllib.request.urlopen(ask, timeout=10).close()


@contextmanager
def window(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A window of the browser; afterwards no page in it may have had an error (a refusal by its policy is one), or
    asked another host for anything."""
    made = browser.new_context(**options)
    made.set_default_timeout(30_000)
    wrong: list[str] = []
    made.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    made.on("weberror", lambda error: wrong.append(str(error.error)))
    made.on("request", lambda asked: None if asked.url.startswith("http://127.0.0.1:") else wrong.append(asked.url))
    yield made
    # A window that closes while one of its pages is still being loaded may never come to an end.
    for page in made.pages:
        page.wait_for_load_state()
        page.close()
    made.close()
    wrong = [text for text in wrong if "ERR_INTERNET_DISCONNECTED" not in text]
    assert not wrong, f"errors on a page, or requests off the host: {wrong}"


def too_wide(page: Page) -> int:
    """Points by which the page is wider than its screen, with everything opened that folds."""
    page.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true")
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return max(0, wide)


def picture(page: Page, folder: str, name: str) -> None:
    """Keep what is shown, in few colours, in a folder of the project.

    A plan's last step says where the builds came from: a path of this machine, which no picture shows.
    """
    path = PROJECT / folder / f"dashboard_{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.mouse.move(0, 0)
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": 1400, "height": 700} if name == "plan" else None)
    with Image.open(path) as shot:
        few = shot.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
