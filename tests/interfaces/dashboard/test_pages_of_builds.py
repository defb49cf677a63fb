from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.interfaces.dashboard.files import FILES, static
from tests.interfaces.dashboard.conftest import BUILDS, HANDLER, SCRIPT, SECRET, Client

BAD = f"/build/{quote(BUILDS[1][0], safe='')}"


class Seen(HTMLParser):
    """The elements and attributes of a page, as a browser would make them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[str | None] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.attributes |= set(given)
        self.links += [value for name, value in attrs if name in ("href", "src", "action") and value]
        if tag == "script":
            self.scripts.append(given.get("src"))


@pytest.mark.parametrize("path", ["/", BAD, f"/log/{BAD[7:]}", f"/changes/{BAD[7:]}", f"/?q={quote(SCRIPT)}"])
def test_what_others_named_and_logged_stays_text(browse: Client, path: str) -> None:
    with browse() as client:
        page = client.get(path)
    assert page.status_code == 200
    seen = Seen(page.text)
    assert all(src is not None and src.startswith("/static/") for src in seen.scripts)
    assert not [name for name in seen.attributes if name.startswith("on") or name == "style"]
    assert all(link.startswith(("/", "#")) for link in seen.links)
    assert SECRET not in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.text)


def test_the_first_page_says_why_once_it_was_explained(browse: Client) -> None:
    with browse() as client:
        client.get("/")
        page = client.get("/").text
    assert "expected &#39;;&#39;" in page
    assert "compile error" in page
    assert "&lt;script&gt;" in page
    assert HANDLER not in page


def test_filters_hold_together_and_empty_ones_count_for_nothing(browse: Client) -> None:
    def names(query: str) -> list[str]:
        return re.findall(r'<tr data-key="([^"]+)"', client.get(f"/?{query}").text)

    with browse() as client:
        client.get("/")
        everything = names("status=&job=&q=")
        assert len(everything) == len(BUILDS)
        assert names("status=running") == ["waiting"]
        assert names("branch=main&status=failed") == ["long"]
        assert names("category=missing_dependency") == ["long"]
        assert names("q=JEST+not") == ["long"]
        assert names("q=jest+nowhere") == []
        assert "No build is like that" in client.get("/?q=nowhere").text


def test_a_page_that_did_not_change_is_not_sent_again(browse: Client) -> None:
    with browse() as client:
        for path in ("/", "/build/green-1", "/login"):
            first = client.get(path)
            first = client.get(path) if path == "/" else first
            again = client.get(path, headers={"if-none-match": first.headers["etag"]})
            assert again.status_code in (200, 304)
            if path != "/":
                assert again.status_code == 304
                assert not again.content


def test_a_new_build_shows_and_changes_the_tag(browse: Client, looked_at: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(looked_at, home)
    with browse(home=home) as client:
        before = client.get("/")
        told = {"pipeline": "shop", "job": "lint", "status": "running"}
        assert client.put("/builds/brand-new", json=told).status_code < 300
        after = client.get("/", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert 'data-key="brand-new"' in after.text


def test_every_page_forbids_what_is_not_its_own(browse: Client) -> None:
    with browse() as client:
        for path in ("/", BAD, "/build/none", "/login", "/nowhere"):
            policy = client.get(path).headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert "unsafe" not in policy


def test_browsers_get_a_page_for_a_problem_and_programs_a_document(browse: Client) -> None:
    with browse() as client:
        page = client.get("/build/none")
        document = client.get("/build/none", headers={"accept": "application/json"})
        wrong = client.get("/build/long?line=nothing")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such build" in page.text
    assert document.headers["content-type"] == "application/problem+json"
    assert wrong.status_code == 422
    assert "text/html" in wrong.headers["content-type"]


def test_colours_become_classes_and_links_of_terminals_go(browse: Client) -> None:
    with browse() as client:
        page = client.get(BAD).text
    assert '<span class="f1">red</span> and <span class="f1 bold">loud</span>' in page
    assert "press here" in page
    assert "javascript:" not in page
    assert "<code>100%</code>" in page
    assert "50%" not in page


def test_a_long_log_opens_around_its_cause_and_reads_on(browse: Client) -> None:
    with browse() as client:
        page = client.get("/build/long").text
        assert 'class="l cause" id="L3001"' in page
        assert page.count('id="L') <= 410
        assert 'id="L1"' not in page
        assert 'id="L1"' in client.get("/build/long?line=1").text
        part = client.get("/log/long?first=2500&last=2502").text
        assert re.findall(r'id="L(\d+)"', part) == ["2500", "2501", "2502"]
        assert "<html" not in part
        assert client.get("/log/long?first=5000&last=6000").text.count('id="L') == 0
        assert client.get("/raw/long").text.count("\n") == 3_002
        found = client.get("/build/long?find=JEST").text
    assert "1 line holds" in found
    assert "line=3001" in found


def test_nobody_finds_a_secret_by_searching_for_it(browse: Client) -> None:
    with browse() as client:
        assert "0 lines hold" in client.get(f"{BAD}?find={SECRET[:12]}").text
        assert SECRET not in client.get(f"/raw/{BAD[7:]}").text


def test_files_are_kept_for_ever_under_the_name_of_their_content(browse: Client) -> None:
    with browse() as client:
        for name, (digest, body) in FILES.items():
            answer = client.get(static(name))
            assert answer.content == body
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert client.get(f"/static/{digest[::-1]}/{name}").status_code == 404
        for name in ("../frame.py", "..%2fframe.py", "%2e%2e/frame.py", "banana.css%00.js"):
            assert client.get(f"/static/0000/{name}").status_code == 404


def test_the_navigation_leads_only_to_pages_that_are_there(browse: Client) -> None:
    with browse(dagster_url="http://127.0.0.1:3000") as client:
        page = client.get("/").text
        navigation = re.search(r"<nav id=\"pages\" aria-label=\"Pages\">(.*?)</nav>", page, re.DOTALL)
        assert navigation is not None
        links = re.findall(r'href="([^"]+)"', navigation[1])
        assert links[0] == "/"
        assert links[-1] == "http://127.0.0.1:3000"
        assert all(client.get(link).status_code == 200 for link in links[:-1])


def test_a_report_is_shown_as_unverified_words(browse: Client, looked_at: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(looked_at, home)
    with browse(home=home) as client:
        said = {
            "build_id": "long",
            "type": "failure_analysis",
            "analysis": f"{SCRIPT} token {SECRET}",
            "confidence": 0.8,
        }
        assert client.post("/llm/learning/report", json=said).status_code == 200
        page = client.get("/build/long").text
    assert "unverified" in page
    assert SCRIPT not in page
    assert SECRET not in page


def test_the_tables_need_not_be_there(looked_at: Path) -> None:
    with open_store(load_from(looked_at)) as store:
        assert store.builds().height == len(BUILDS)
    assert not (looked_at / "tables" / "build_failures").exists()
