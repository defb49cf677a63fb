from __future__ import annotations

import gzip
import os
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.errors import StoreError
from banana_assets.interfaces.api import bringing
from tests.interfaces.api.conftest import Client

FACTS = {"pipeline": "shop", "job": "test", "branch": "main", "commit": "abc", "exit_code": 1}
LOG = b"cc -c cart.c\ncart.c:2:33: error: expected ';'\nmake: *** [all] Error 1\n"
JUNIT = b'<testsuite name="s"><testcase classname="a" name="one"><failure message="no"/></testcase></testsuite>'
SARIF = b"""{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint"}}, "results": [
    {"ruleId": "E1", "level": "error", "message": {"text": "bad"}, "locations": [{"physicalLocation":
    {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}}]}]}]}"""
CSV = b"ts,metric,value\n2026-03-02T12:00:00Z,cpu_percent,50\n2026-03-02T12:01:00Z,cpu_percent,70\n"


def test_a_build_comes_in_piece_by_piece_and_is_explained_at_once(client: Client, home: Path) -> None:
    with client() as api:
        assert api.put("/builds/new-1", json=FACTS).json() == {"status": "ok", "build_id": "new-1", "outcome": "new"}
        assert api.put("/builds/new-1/log", content=LOG).json()["outcome"] == "changed"
        assert api.put("/builds/new-1/junit", content=JUNIT).json()["outcome"] == "changed"
        assert api.put("/builds/new-1/sarif", content=SARIF).json()["outcome"] == "changed"
        assert api.put("/builds/new-1/resources", content=CSV).json()["outcome"] == "changed"
        again = [
            api.put("/builds/new-1", json=FACTS),
            api.put("/builds/new-1/log", content=LOG),
            api.put("/builds/new-1/junit", content=JUNIT),
            api.put("/builds/new-1/sarif", content=SARIF),
            api.put("/builds/new-1/resources", content=CSV),
        ]
        assert [one.json()["outcome"] for one in again] == ["known"] * 5
        build = api.get("/llm/learning/build/new-1").json()["build"]
        assert api.get("/llm/learning/builds").json()["total"] == 6
    assert (build["status"], build["exit_code"], build["log"]) == ("failed", 1, LOG.decode().rstrip("\n"))
    assert build["diagnosis"]["category"] == "compile_error"
    assert build["log_summary"]["errors"][0] == "cart.c:2:33: error: expected ';'"
    with open_store(load_from(home)) as store:
        assert store.test_results().height == 1
        assert [p.message for p in store.problems_of("new-1")] == ["bad"]
        assert store.resource_series()["samples"].to_list() == [2]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_a_packed_log_is_unpacked(client: Client, pack: object) -> None:
    with client() as api:
        assert api.put("/builds/p/log", content=pack(LOG)).json()["outcome"] == "new"  # type: ignore[operator]
        assert api.get("/llm/learning/build/p").json()["build"]["log_lines"] == 3


@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=5), packed=st.booleans())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_joined_are_the_whole(api_session, cuts: list[int], packed: bool) -> None:  # type: ignore[no-untyped-def]
    whole = gzip.compress(LOG) if packed else LOG
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    for place, end in pairwise(places):
        headers = {"upload-offset": str(place), "upload-complete": "?0"}
        assert api_session.patch("/builds/parts/log", content=whole[place:end], headers=headers).status_code == 200
    end = {"upload-offset": str(len(whole)), "upload-complete": "?1"}
    assert api_session.patch("/builds/parts/log", content=b"", headers=end).status_code == 200
    assert api_session.get("/llm/learning/build/parts").json()["build"]["log"] == LOG.decode().rstrip("\n")
    assert api_session.head("/builds/parts/log").headers["upload-offset"] == "0"


@pytest.fixture(scope="module")
def api_session(told: Path, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    from fastapi.testclient import TestClient

    from banana_assets.interfaces.api.app import create_app

    app = create_app(load_from(tmp_path_factory.mktemp("home")), open_here=True)
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as api:
        yield api


def test_an_upload_goes_on_where_it_ended(client: Client) -> None:
    with client() as api:
        assert api.patch("/builds/u/log", content=LOG[:10], headers={"upload-offset": "0"}).json()["offset"] == 10
        refused = api.patch("/builds/u/log", content=LOG[20:], headers={"upload-offset": "20"})
        assert refused.status_code == 409
        assert refused.json()["offset"] == int(refused.headers["upload-offset"]) == 10
        assert api.head("/builds/u/log").headers["upload-offset"] == "10"
        rest = {"upload-offset": "10", "upload-complete": "?1"}
        assert api.patch("/builds/u/log", content=LOG[10:], headers=rest).status_code == 200
        assert api.get("/llm/learning/build/u").json()["build"]["log_lines"] == 3
        assert api.patch("/builds/v/log", content=b"x", headers={"upload-offset": "0"}).status_code == 200
        assert api.delete("/builds/v/log/upload").status_code == 204
        assert api.head("/builds/v/log").headers["upload-offset"] == "0"


@pytest.mark.parametrize(
    ("piece", "content", "status", "said"),
    [
        ("log", b"", 400, "empty"),
        ("log", b"\x7fELF" + bytes(range(256)), 400, "program"),
        ("log", gzip.compress(b"x" * 1000, mtime=0)[:20], 400, ""),
        ("junit", b"<a", 400, ""),
        ("junit", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 400, ""),
        ("sarif", b"[]", 400, ""),
        ("resources", b"a,b\n1,2\n", 400, "time"),
    ],
)
def test_what_cannot_be_taken_says_why_and_leaves_nothing(
    client: Client, piece: str, content: bytes, status: int, said: str
) -> None:
    with client() as api:
        answer = api.put(f"/builds/odd/{piece}", content=content)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert said in answer.json()["message"]
        assert api.get("/llm/learning/build/odd").status_code == 404


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "green"},
        {"exit_code": "one"},
        {"started_at": "yesterday"},
        {"started_at": "2026-03-02T12:00:00"},
        {"unknown": 1},
        {"started_at": "2026-03-02T12:00:00Z", "finished_at": "2026-03-02T11:00:00Z"},
    ],
)
def test_facts_that_cannot_be_are_refused(client: Client, facts: dict[str, object]) -> None:
    with client() as api:
        assert api.put("/builds/odd", json=facts).status_code in (409, 422)
        assert api.get("/llm/learning/build/odd").status_code == 404


def test_a_bomb_is_refused(client: Client) -> None:
    with client(max_log_bytes=1 << 20) as api:
        bomb = gzip.compress(b"a\n" * (1 << 22))
        assert api.put("/builds/bomb/log", content=bomb).status_code == 400
        assert api.get("/llm/learning/build/bomb").status_code == 404


def test_what_is_damaged_is_named_without_where_it_was_kept(client: Client, home: Path) -> None:
    with client(max_log_bytes=1 << 20) as api:
        for packed in (gzip.compress(b"a\n" * (1 << 22)), gzip.compress(b"x" * 1000, mtime=0)[:20], b"PK\x03\x04"):
            whole = api.put("/builds/torn/log", content=packed)
            last = {"upload-offset": "0", "upload-complete": "?1"}
            parts = api.patch("/builds/torn/log", content=packed, headers=last)
            assert api.delete("/builds/torn/log/upload").status_code == 204
            assert whole.status_code == parts.status_code == 400
            assert whole.json()["detail"] == parts.json()["detail"]
            assert whole.json()["detail"].startswith("The log ")
            assert str(home) not in whole.text


def test_bringing_in_needs_its_scope(client: Client) -> None:
    with client(open_here=False) as api:
        for method, path in (("put", "/builds/a"), ("put", "/builds/a/log"), ("patch", "/builds/a/log")):
            assert api.request(method, path, content=b"x").status_code in (401, 422)
        assert api.put("/builds/a/log", content=b"x").status_code == 401


def test_ids_stay_names(client: Client, home: Path) -> None:
    with client() as api:
        assert api.put("/builds/..%2F..%2Fevil", json=FACTS).status_code in (404, 405)
        assert api.put("/builds/%00", json=FACTS).status_code == 422
        assert api.put("/builds/..", json=FACTS).status_code in (404, 405)
        assert api.put("/builds/a b ü;c", json=FACTS).json()["build_id"] == "a b ü;c"
    assert not list(home.rglob("*evil*"))


def sarif(**result: object) -> bytes:
    run = {"tool": {"driver": {"name": "lint"}}, "results": [{"message": {"text": "bad"}} | result]}
    return orjson.dumps({"version": "2.1.0", "runs": [run]})


@pytest.mark.parametrize(
    ("piece", "content", "said"),
    [
        ("junit", b"<testsuite/>", "holds no test"),
        ("junit", b"<testsuites><testsuite name='a'>0</testsuite></testsuites>", "holds no test"),
        ("junit", b"<testsuite><testcase name='a'/><testcase/></testsuite>", "without a name: 1"),
        ("junit", b"<testsuite><testcase name='\xc2\xa0'/></testsuite>", "without a name: 1"),
        ("sarif", sarif(message={"text": 7}), "runs/0/results/0/message/text"),
        ("sarif", sarif(level=3), "results/0/level"),
        ("sarif", sarif(locations={}), "results/0/locations"),
        ("sarif", sarif(ruleIndex="1"), "results/0/ruleIndex"),
        ("sarif", b'{"version": "2.1.0", "runs": [{"results": []}]}', "runs/0/tool"),
        ("sarif", b'{"version": "2.0.0", "runs": []}', "not 2.1.0"),
        ("resources", CSV + b"2026-03-02T1", "on line 4 the time"),
    ],
)
def test_what_the_description_forbids_is_refused_with_the_place(
    client: Client, piece: str, content: bytes, said: str
) -> None:
    with client() as api:
        answer = api.put(f"/builds/shop-1/{piece}", content=content)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_reports_as_tools_write_them_are_taken(client: Client) -> None:
    reports = (
        ("sarif", sarif(level=None, ruleIndex=-1, locations=[], kind="fail", rank=3.5, fixes=[{"anything": [1]}])),
        ("sarif", b"\xef\xbb\xbf" + sarif(locations=[{"physicalLocation": {"region": {"startLine": 0}}}])),
        ("sarif", b'{"version": "2.1.0-rtm.5", "runs": [{"tool": {"driver": {"name": "a"}}, "results": null}]}'),
        (
            "junit",
            b'<testsuites><testsuite/><testsuite><testcase name="b" time="x"/></testsuite></testsuites>',
        ),
    )
    with client() as api:
        for piece, content in reports:
            assert api.put(f"/builds/tools/{piece}", content=content).status_code == 200, content


@pytest.mark.parametrize("offset", ["-1", "1.0", "", "a", "1" * 16, "+1", "\u00b2"])
def test_an_offset_is_an_integer(client: Client, offset: str) -> None:
    with client() as api:
        answer = api.patch("/builds/o/log", content=b"x", headers=[(b"upload-offset", offset.encode("latin-1"))])
    assert answer.status_code == 422


def test_what_is_wrong_with_the_store_is_not_told_to_callers(
    client: Client, home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError(f"The records database {home} refused: disk I/O error.", "Look at the disk.")

    monkeypatch.setattr(bringing, "amend_build", broken)
    with client() as api:
        answer = api.put("/builds/x", json=FACTS)
    assert answer.status_code == 503
    assert str(home) not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["remedy"]
    told = capfd.readouterr().err
    assert str(home) in told
    assert answer.headers["x-request-id"] in told


def test_uploads_that_nobody_goes_on_with_are_removed_when_another_begins(client: Client, home: Path) -> None:
    with client() as api:
        for name in ("left", "done"):
            api.patch(f"/builds/{name}/log", content=LOG, headers={"upload-offset": "0"}).raise_for_status()
        last = {"upload-offset": str(len(LOG)), "upload-complete": "?1"}
        api.patch("/builds/done/log", content=LOG, headers=last).raise_for_status()
        for path in (home / "uploads").iterdir():
            os.utime(path, (0, 0))
        api.patch("/builds/other/log", content=LOG, headers={"upload-offset": "0"}).raise_for_status()
        stand = [api.head(f"/builds/{name}/log").headers["upload-offset"] for name in ("left", "other")]
    assert stand == ["0", str(len(LOG))]
    assert len([path for path in (home / "uploads").iterdir() if path.suffix == ".part"]) == 1
