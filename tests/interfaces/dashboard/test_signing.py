from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from banana_assets.backends.access_reading import session_list
from banana_assets.backends.keys import Keys, server_secret
from banana_assets.backends.sessions import LINK_MINUTES, SESSION_DAYS, Sessions
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from tests.interfaces.dashboard.conftest import Client

NOW = datetime.now(UTC)


@pytest.fixture
def keyed(looked_at: Path, tmp_path: Path) -> Path:
    """A home with a key, so that people have to sign in."""
    home = tmp_path / "home"
    shutil.copytree(looked_at, home)
    settings = load_from(home)
    with open_store(settings) as store:
        Keys(store.engine, server_secret(settings)).create("ci", ["ingest"], by="somebody", at=NOW)
    return home


def invited(home: Path, scopes: tuple[str, ...] = ("read", "report"), ago: timedelta = timedelta()) -> str:
    settings = load_from(home)
    with open_store(settings) as store:
        return Sessions(store.engine, server_secret(settings)).invite(
            "ann", scopes, by="somebody", at=datetime.now(UTC) - ago
        )


def test_without_a_session_nobody_looks(browse: Client, keyed: Path) -> None:
    with browse(home=keyed) as client:
        for path in ("/", "/build/long", "/log/long", "/raw/long", "/changes/long"):
            page = client.get(path)
            assert page.status_code == 401
            assert "banana keys login" in page.text
            assert "jest" not in page.text


def test_a_link_opens_once_and_the_cookie_holds(browse: Client, keyed: Path) -> None:
    code = invited(keyed)
    with browse(home=keyed) as client:
        shown = client.get(f"/login?code={code}")
        assert client.get("/").status_code == 401, "looking at the link is not yet signing in"
        assert f'value="{code}"' in shown.text
        opened = client.post("/login", data={"code": code}, follow_redirects=False)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert f"Max-Age={SESSION_DAYS * 86_400}" in cookie
        assert client.get("/").status_code == 200
        again = client.post("/login", data={"code": code}, follow_redirects=False)
        assert again.status_code == 403
        assert "does not hold" in again.text


def test_a_link_is_over_after_ten_minutes(browse: Client, keyed: Path) -> None:
    code = invited(keyed, ago=timedelta(minutes=LINK_MINUTES, seconds=1))
    with browse(home=keyed) as client:
        assert client.post("/login", data={"code": code}).status_code == 403


@pytest.mark.parametrize("spoil", ["flip", "cut", "other", "link", "none"])
def test_a_cookie_of_somebody_elses_making_opens_nothing(browse: Client, keyed: Path, spoil: str) -> None:
    code = invited(keyed)
    with browse(home=keyed) as client:
        client.post("/login", data={"code": code})
        name, value = next(iter(client.cookies.items()))
        ident, mac = value.split(".")
        told = {
            "flip": f"{ident}.{'0' if mac[0] != '0' else '1'}{mac[1:]}",
            "cut": f"{ident}.{mac[:-1]}",
            "other": f"{'0' * 16}.{mac}",
            "link": code,
            "none": "",
        }[spoil]
        client.cookies.clear()
        client.cookies.set(name, told)
        assert client.get("/").status_code == 401


def test_changes_need_the_token_of_the_session(browse: Client, keyed: Path) -> None:
    code = invited(keyed)
    with browse(home=keyed) as client:
        client.post("/login", data={"code": code})
        found = re.search(r'<meta name="csrf" content="([0-9a-f]{64})">', client.get("/").text)
        assert found is not None
        for wrong in ({}, {"csrf": "0" * 64}, {"csrf": "é"}):
            assert client.post("/logout", data=wrong, follow_redirects=False).status_code == 403
        foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
        right = {"csrf": found[1]}
        assert client.post("/logout", data=right, headers=foreign, follow_redirects=False).status_code == 403
        assert client.get("/").status_code == 200
        assert client.post("/logout", data=right, follow_redirects=False).status_code == 303
        assert client.get("/").status_code == 401


def test_the_cookie_is_over_when_the_session_was_ended_elsewhere(browse: Client, keyed: Path) -> None:
    code = invited(keyed)
    settings = load_from(keyed)
    with browse(home=keyed) as client, open_store(settings) as store:
        client.post("/login", data={"code": code})
        sessions = Sessions(store.engine, server_secret(settings))
        kept = dict(client.cookies)
        assert sessions.revoke(session_list(store.records)["session_id"][0], NOW)
        assert client.get("/").status_code == 401
        client.cookies.update(kept)
        assert client.get("/").status_code == 401
        assert not sessions.revoke(session_list(store.records)["session_id"][0], NOW)


def test_the_end_of_a_session_is_its_end(keyed: Path) -> None:
    settings = load_from(keyed)
    with open_store(settings) as store:
        sessions = Sessions(store.engine, server_secret(settings))
        session = sessions.open(sessions.invite("", ["read"], by="ann", at=NOW), NOW)
        assert session is not None
        assert session.name == "ann"
        cookie = sessions.cookie(session.session_id)
        assert sessions.check(cookie, NOW + timedelta(days=SESSION_DAYS, seconds=-1))
        assert sessions.check(cookie, NOW + timedelta(days=SESSION_DAYS)) is None
        assert Sessions(store.engine, b"another secret").check(cookie, NOW) is None


def test_who_may_not_read_does_not(browse: Client, keyed: Path) -> None:
    code = invited(keyed, scopes=("ingest",))
    with browse(home=keyed) as client:
        client.post("/login", data={"code": code})
        assert client.get("/").status_code == 403


def test_signing_in_from_another_site_is_refused(browse: Client, keyed: Path) -> None:
    code = invited(keyed)
    with browse(home=keyed) as client:
        answer = client.post("/login", data={"code": code}, headers={"origin": "http://evil.example"})
        assert answer.status_code == 403
        assert client.post("/login", data={"code": code}).status_code == 200


def test_who_guesses_links_has_to_wait(browse: Client, keyed: Path) -> None:
    with browse(home=keyed) as client:
        answers = [client.post("/login", data={"code": "no"}).status_code for _ in range(25)]
    assert answers[0] == 403
    assert answers[-1] == 429
