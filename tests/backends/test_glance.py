from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from banana_assets.backends import glance as glancing
from banana_assets.backends.feed import Feed
from banana_assets.backends.glance import Asked, Glance
from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.log_pages import LogPages
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.errors import InputError, StoreError

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = [
    "-----BEGIN RSA PRIVATE KEY-----",
    *(["MIIEowIBAAKCAQEAx7Kq9TzW2mB4nR6vL8pD1sF3hJ5gY0aC9eUix7Kq9TzW2mB4"] * 20),
    "-----END RSA PRIVATE KEY-----",
]
LOG = [*(f"line {n} of it" for n in range(1, 1001)), *KEY, "sh: 1: jest: not found", "exit status 127"]


@pytest.fixture
def glance(home: Path, tmp_path: Path) -> Iterator[Glance]:
    folder = tmp_path / "ci"
    folder.mkdir()
    (folder / "bad.log").write_text("\n".join(LOG) + "\n")
    rows = []
    for n in range(12):
        row = {"build_id": f"b-{n:02}", "pipeline": "shop", "job": f"j{n % 2}", "branch": "main", "log": "bad.log"}
        row |= {"status": "failed" if n % 3 == 0 else "success", "started_at": (START + timedelta(hours=n)).isoformat()}
        rows.append(json.dumps(row))
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    settings = load_from(home)
    with open_store(settings) as store:
        assert not ingest_builds(store, [folder]).failed
        yield Glance(Feed(store, Tables(settings.tables_root)))


def names(glance: Glance, asked: Asked, limit: int = 50, cursor: str | None = None) -> list[str]:
    return [build["build_id"] for build in glance.builds(asked, limit, cursor).builds]


def test_pages_join_whatever_is_asked_for(glance: Glance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glancing, "BATCH", 2)
    for asked in (Asked(), Asked(job="j1"), Asked(text="SHOP j0"), Asked(status="failed", text="b-0")):
        whole = names(glance, asked)
        joined, cursor = [], None
        while True:
            page = glance.builds(asked, 2, cursor)
            joined += [build["build_id"] for build in page.builds]
            cursor = page.following
            if cursor is None:
                break
        assert joined == whole
        assert whole == sorted(whole, reverse=True)


def test_failures_that_no_table_knows_are_explained_a_few_at_a_time(glance: Glance) -> None:
    waiting = glance.builds(Asked(), 50).unexplained
    assert [build_id for build_id, _ in waiting] == ["b-09", "b-06", "b-03", "b-00"]
    glance.explain(waiting[:2])
    assert glance.explained == 2
    failure = glance.failure(*waiting[0])
    assert failure is not None
    assert names(glance, Asked(category=failure["diagnosis"]["category"])) == ["b-09", "b-06"]
    assert glance.knows(*waiting[0])
    assert not glance.knows(*waiting[3])
    assert glance.builds(Asked(), 50).unexplained == waiting[2:]


def test_failures_are_explained_when_the_records_are_back(glance: Glance, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = glance.builds(Asked(), 40).unexplained

    def away() -> None:
        raise StoreError("The records database cannot be used: connection refused.")

    with monkeypatch.context() as patch:
        patch.setattr(glance.feed.store, "builds", away)
        glance.explain(waiting)
    assert glance.explained == 0
    glance.explain(waiting)
    assert glance.explained == len(waiting) > 0


def test_a_cursor_of_somebody_elses_making(glance: Glance) -> None:
    with pytest.raises(InputError):
        glance.builds(Asked(), 2, "nonsense")


def test_a_window_masks_a_key_that_began_above_it(glance: Glance) -> None:
    store = glance.feed.store
    build = store.builds().row(0, named=True)
    pages, told = LogPages(store), (build["log_sha256"], build["log_bytes"])
    inside = pages.lines(*told, 1005, 1010)
    assert [line.number for line in inside] == list(range(1005, 1011))
    assert "MIIE" not in "".join(piece.text for line in inside for piece in line.pieces)
    assert [line.pieces[0].text for line in pages.lines(*told, 1, 2)] == ["line 1 of it", "line 2 of it"]
    assert pages.lines(*told, len(LOG) + 1, len(LOG) + 9) == []
    assert list(pages.find(*told, "JEST")) == [1023]
    assert list(pages.find(*told, "MIIE")) == []
    numbers = pages.find(*told, "of it")
    assert (list(numbers[:3]), len(numbers)) == ([1, 2, 3], 1000)
    assert "".join(pages.masked(*told)).count("\n") == len(LOG)


def test_a_log_too_large_to_be_kept_reads_alike(glance: Glance, monkeypatch: pytest.MonkeyPatch) -> None:
    store = glance.feed.store
    build = store.builds().row(0, named=True)
    told = build["log_sha256"], build["log_bytes"]
    kept = LogPages(store).lines(*told, 900, 1024)
    monkeypatch.setattr("banana_assets.backends.log_pages.KEPT_LOG", 10)
    assert LogPages(store).lines(*told, 900, 1024) == kept
    assert list(LogPages(store).find(*told, "jest")) == [1023]
