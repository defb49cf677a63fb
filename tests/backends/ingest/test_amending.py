from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.backends.ingest.amending import Pieces, amend_build
from banana_assets.backends.ingest.content import Content
from banana_assets.backends.ingest.manifest import Row
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import Store, open_store
from banana_assets.core.builds.problems import Problem
from banana_assets.core.builds.results import TestResult
from banana_assets.core.errors import InputError

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
TESTS = (TestResult("s", "b", "two", "failed", 0.5, message="no"), TestResult("s", "a", "one", "passed", 0.1))


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with open_store(load_from(home)) as opened:
        yield opened


def log(text: str) -> Pieces:
    return Pieces(log=Content.of_bytes("log", text.encode()))


def the_build(store: Store) -> dict[str, object]:
    return store.builds().row(0, named=True)


def test_pieces_come_one_after_the_other(store: Store) -> None:
    assert amend_build(store, "b1", Pieces(row=Row("", pipeline="shop", job="test", status="running"))) == "new"
    assert amend_build(store, "b1", log("line\n")) == "changed"
    assert the_build(store)["status"] == "running"
    assert amend_build(store, "b1", Pieces(tests=TESTS)) == "changed"
    assert (
        amend_build(store, "b1", Pieces(problems=(Problem(None, "a.py", 1, 2, "error", "E", "bad", "lint"),)))
        == "changed"
    )
    done = Row("", exit_code=1, started_at=AT, finished_at=AT + timedelta(seconds=9))
    assert amend_build(store, "b1", Pieces(row=done)) == "changed"
    build = the_build(store)
    assert (build["status"], build["exit_code"], build["pipeline"], build["log_lines"]) == ("failed", 1, "shop", 1)
    assert build["duration_seconds"] == 9
    assert store.test_results()["name"].to_list() == ["one", "two"]
    assert [p.message for p in store.problems_of("b1")] == ["bad"]


def test_a_log_alone_says_how_the_build_ended(store: Store) -> None:
    assert (
        amend_build(store, "b1", log("cc x.c\nmake: *** [all] Error 2\n##[error]Process completed with exit code 2.\n"))
        == "new"
    )
    assert (the_build(store)["status"], the_build(store)["exit_code"]) == ("failed", 2)


@given(order=st.permutations(range(4)), again=st.lists(st.integers(0, 3), max_size=4))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_pieces_and_pieces_sent_again_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], again: list[int]
) -> None:
    pieces = [
        Pieces(row=Row("", pipeline="p", job="j", status="failed", started_at=AT, finished_at=AT)),
        log("one\ntwo\n"),
        Pieces(tests=TESTS),
        Pieces(problems=(Problem(None, "a.py", 1, None, "error", "E", "bad", "lint"),)),
    ]
    with open_store(load_from(tmp_path_factory.mktemp("home"))) as store:
        for n in order:
            amend_build(store, "b", pieces[n])
        # A log that came before the status was told has told one of its own; the told one is sent last.
        amend_build(store, "b", pieces[0])
        kept = the_build(store)
        assert [amend_build(store, "b", pieces[n]) for n in again] == ["known"] * len(again)
        assert the_build(store) == kept
        assert (kept["status"], kept["log_lines"], kept["pipeline"]) == ("failed", 2, "p")
        assert store.test_results().height == 2


def test_pieces_that_come_at_once_are_all_kept(store: Store) -> None:
    pieces = [
        Pieces(row=Row("", pipeline="p", job="j", branch="main", status="failed")),
        log("one\n"),
        Pieces(tests=TESTS),
        Pieces(problems=(Problem(None, "a.py", 1, None, "error", "E", "bad", "lint"),)),
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda piece: amend_build(store, "b", piece), pieces))
    build = the_build(store)
    assert (build["branch"], build["log_lines"]) == ("main", 1)
    assert store.test_results().height == 2
    assert len(store.problems_of("b")) == 1


def test_what_cannot_be_is_refused_and_leaves_nothing(store: Store) -> None:
    wrong = Row("", status="failed", started_at=AT, finished_at=AT - timedelta(seconds=1))
    with pytest.raises(InputError, match="before it started"):
        amend_build(store, "b", Pieces(row=wrong))
    with pytest.raises(InputError, match="a program"):
        amend_build(store, "b", Pieces(log=Content.of_bytes("log", b"\x7fELF" + bytes(range(256)))))
    assert store.builds().is_empty()
