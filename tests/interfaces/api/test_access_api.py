from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from banana_assets.backends.access_reading import key_list
from banana_assets.backends.audit import entries
from banana_assets.backends.keys import SECRET_FILE, Keys, server_secret
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.errors import InputError
from banana_assets.interfaces.api.access import MOST_FAILURES, Window
from tests.interfaces.api.conftest import Client

BUILDS = "/llm/learning/builds"
REPORT = "/llm/learning/report"
A_REPORT = {"build_id": "shop-2", "type": "failure_analysis", "analysis": "x"}
NOW = datetime.now(UTC)


def made(home: Path, *scopes: str, at: datetime = NOW, expires_at: datetime | None = None) -> str:
    settings = load_from(home)
    with open_store(settings) as store:
        keys = Keys(store.engine, server_secret(settings))
        return keys.create("somebody", scopes or ("read",), by="test", at=at, expires_at=expires_at)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_this_machine_may_do_everything_until_there_is_a_key(client: Client, home: Path) -> None:
    with client() as api:
        assert api.get(BUILDS).status_code == 200
        assert api.post(REPORT, json=A_REPORT).status_code == 200
    made(home)
    with client() as api:
        refused = api.get(BUILDS)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert "banana keys create" in refused.json()["remedy"]


def test_beyond_this_machine_nobody_enters_without_a_key(client: Client) -> None:
    with client(open_here=False) as api:
        assert api.get(BUILDS).status_code == 401


def test_a_key_opens_what_its_scopes_say(client: Client, home: Path) -> None:
    reading, everything = made(home), made(home, "admin")
    with client(open_here=False) as api:
        assert api.get(BUILDS, headers=bearer(reading)).status_code == 200
        assert api.get(BUILDS, headers={"x-api-key": reading}).status_code == 200
        assert api.post(REPORT, json=A_REPORT, headers=bearer(reading)).status_code == 403
        assert api.post(REPORT, json=A_REPORT, headers=bearer(everything)).status_code == 200


@pytest.mark.parametrize("wrong", ["x", "banana_000000000000_" + "a" * 43, "banana__", "🍌"])
def test_what_is_no_key_opens_nothing(client: Client, home: Path, wrong: str) -> None:
    made(home)
    with client(open_here=True) as api:
        assert api.get(BUILDS, headers={"authorization": f"Bearer {wrong}".encode()}).status_code == 401  # type: ignore[dict-item]


def test_a_key_that_is_revoked_or_over_opens_nothing(client: Client, home: Path) -> None:
    over = made(home, at=NOW - timedelta(days=2), expires_at=NOW - timedelta(days=1))
    revoked = made(home)
    settings = load_from(home)
    with open_store(settings) as store:
        keys = Keys(store.engine, server_secret(settings))
        assert keys.revoke(revoked.split("_")[1], NOW)
        assert not keys.revoke(revoked.split("_")[1], NOW)
        with pytest.raises(InputError, match="no key"):
            keys.revoke("nothing", NOW)
    with client(open_here=False) as api:
        assert api.get(BUILDS, headers=bearer(over)).status_code == 401
        assert api.get(BUILDS, headers=bearer(revoked)).status_code == 401


def test_no_key_can_be_read_out_of_the_records(client: Client, home: Path) -> None:
    key = made(home, "read", "report")
    secret = key.split("_", 2)[2]
    with open_store(load_from(home)) as store:
        listed = key_list(store.records)
        assert listed["scopes"].to_list() == ["read report"]
        assert Keys(store.engine, b"another secret").check(key, NOW) is None
    for file in home.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes()
    assert stat.S_IMODE((home / SECRET_FILE).stat().st_mode) == 0o600


def test_a_session_id_is_a_key_only_where_the_server_says_so(client: Client, home: Path) -> None:
    key = made(home)
    with client(open_here=False) as api:
        assert api.get(BUILDS, params={"session_id": key}).status_code == 401
    with client(open_here=False, session_id_is_key=True) as api:
        assert api.get(BUILDS, params={"session_id": key}).status_code == 200
        assert api.get(BUILDS, params={"session_id": "unknown"}).status_code == 401


def test_guessing_is_slowed_down(client: Client, home: Path) -> None:
    made(home)
    with client(open_here=False) as api:
        for _ in range(MOST_FAILURES + 1):
            api.get(BUILDS, headers=bearer("guess"))
        refused = api.get(BUILDS, headers=bearer("guess"))
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


def test_a_key_has_so_many_requests_a_minute(client: Client, home: Path) -> None:
    key = made(home)
    with client(open_here=False, request_limit_per_minute=5) as api:
        seen = [api.get(BUILDS, headers=bearer(key)).status_code for _ in range(7)]
    assert seen[:5] == [200] * 5
    assert seen[-1] == 429


def test_a_window_frees_itself() -> None:
    now = [0.0]
    window = Window(2, clock=lambda: now[0])
    assert [window.count("a") > 0 for _ in range(3)] == [False, False, True]
    assert window.wait("b") == 0
    now[0] = 59.9 + 60
    assert window.wait("a") == 0


def test_pages_of_other_sites_can_change_nothing(client: Client) -> None:
    with client() as api:
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
            assert api.post(REPORT, json=A_REPORT, headers=headers).status_code == 403
        own = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
        assert api.post(REPORT, json=A_REPORT, headers=own).status_code == 200
        assert "access-control-allow-origin" not in api.get(BUILDS, headers={"origin": "https://evil.example"}).headers


def test_an_allowed_front_end_may_ask(client: Client) -> None:
    origin = {"origin": "https://ide.example"}
    with client(allowed_origins="https://ide.example") as api:
        assert api.get(BUILDS, headers=origin).headers["access-control-allow-origin"] == "https://ide.example"
        assert api.post(REPORT, json=A_REPORT, headers=origin).status_code == 200


def test_another_host_name_is_not_answered(client: Client) -> None:
    with client() as api:
        refused = api.get(BUILDS, headers={"host": "rebound.example"})
        assert refused.status_code == 421
        assert api.get(BUILDS, headers={"host": "localhost:9"}).status_code == 200
        assert api.get(BUILDS, headers={"host": "[::1]:8000"}).status_code == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_000

    with client(max_request_bytes=10_000) as api:
        assert api.post(REPORT, content=b"x" * 20_000).status_code == 413
        assert api.post(REPORT, content=endless()).status_code == 413


def test_every_answer_has_a_number_and_no_header_of_the_caller_runs_into_it(client: Client) -> None:
    with client() as api:
        assert api.get(BUILDS, headers={"x-request-id": "run-7"}).headers["x-request-id"] == "run-7"
        odd = api.get(BUILDS, headers={"x-request-id": "a b<script>"}).headers["x-request-id"]
        assert odd != "a b<script>"
        assert api.get("/nothing").headers["content-security-policy"].startswith("default-src 'self'")


def test_changes_and_refusals_are_in_the_audit_log(client: Client, home: Path) -> None:
    key = made(home, "read")
    with client(open_here=False) as api:
        api.get(BUILDS, headers=bearer(key))
        api.post(REPORT, json=A_REPORT, headers=bearer(key) | {"x-request-id": "r1"})
        api.get(BUILDS)
    with open_store(load_from(home)) as store:
        rows = entries(store.engine).select("actor", "action", "target", "status").rows()
    assert rows[0] == ("nobody", "GET", BUILDS, 401)
    assert rows[1][1:] == ("POST", REPORT, 403)
    assert rows[1][0].startswith("key ")
    assert len(rows) == 2


def test_the_server_is_well_and_ready(client: Client) -> None:
    with client(open_here=False) as api:
        assert api.get("/healthz").json() == {"status": "ok"}
        assert api.get("/readyz").json() == {"status": "ok"}


def test_a_server_whose_records_were_taken_away_is_not_ready(client: Client, home: Path) -> None:
    with client() as api:
        assert api.get("/readyz").status_code == 200
        file = next(home.glob("*.sqlite"))
        file.rename(home / "away")
        refused = api.get("/readyz")
        assert (refused.status_code, str(home) in refused.text) == (503, False)
        (home / "away").rename(file)
        assert api.get("/readyz").status_code == 200
