from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from banana_assets.backends import derive
from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.builds.flaky import flaky_tests
from banana_assets.core.builds.history import test_history as history_of
from banana_assets.core.tables import (
    BUILD_FAILURES,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    TEST_HISTORY,
    TEST_RESULTS,
)
from tests.commands import Run

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
COMPILES = """make
cart.c:{line}:33: error: expected ';'
make: *** [all] Error 1
##[error]Process completed with exit code 2.
"""
FAILS = """============================= test session starts ==============================
=================================== FAILURES ===================================
__________________________________ test_total __________________________________

    def test_total():
>       assert total() == 2
E       assert 1 == 2

test_cart.py:4: AssertionError
=========================== short test summary info ============================
FAILED test_cart.py::test_total - assert 1 == 2
========================= 1 failed, 1 passed in 0.01s ==========================
"""
JUNIT = '<testsuite name="pytest"><testcase classname="test_cart" name="test_total">{0}</testcase>{1}</testsuite>'
OTHER = '<testcase classname="test_cart" name="test_tax"/>'
BROKEN = '<failure message="assert 1 == 2"/>'


def told(folder: Path) -> None:
    """Six builds of a job, a flaky test among them, and one of another job; the latest one last."""
    rows = [
        ("build-1", "build", "c1", "success", "ok\n", None),
        ("build-2", "build", "c2", "failed", COMPILES.format(line=2), None),
        ("build-3", "build", "c3", "failed", COMPILES.format(line=9), None),
        ("test-4", "test", "c3", "success", "1 passed\n", JUNIT.format("", OTHER)),
        ("test-5", "test", "c4", "failed", FAILS, JUNIT.format(BROKEN, OTHER)),
        ("test-6", "test", "c4", "success", "1 passed\n", JUNIT.format("", OTHER)),
        ("test-7", "test", "c5", "failed", None, None),
    ]
    lines = []
    for hour, (name, job, commit, status, log, junit) in enumerate(rows):
        row: dict[str, Any] = {"build_id": name, "pipeline": "shop", "job": job, "branch": "main", "commit": commit}
        row |= {"status": status, "started_at": (START + timedelta(hours=hour)).isoformat()}
        row["finished_at"] = (START + timedelta(hours=hour, seconds=30)).isoformat()
        for kind, text, key in (("log", log, "log"), ("xml", junit, "junit")):
            if text is not None:
                (folder / f"{name}.{kind}").write_text(text)
                row[key] = f"{name}.{kind}"
        lines.append(json.dumps(row))
    (folder / "manifest.jsonl").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home with builds of which no table is made, and the same with the tables; to be copied."""
    folder = tmp_path_factory.mktemp("ci")
    told(folder)
    bare, whole = (tmp_path_factory.mktemp("homes") / name for name in ("bare", "whole"))
    with open_store(load_from(bare)) as store:
        assert not ingest_builds(store, [folder]).failed
    shutil.copytree(bare, whole)
    tables = Tables(load_from(whole).tables_root)
    with open_store(load_from(whole)) as store:
        builds, results = store.builds(), store.test_results()
        ids = derive.undiagnosed(builds, BUILD_FAILURES.empty())["build_id"].to_list()
        tables.put(BUILD_FAILURES, "build_id", lambda: ids, lambda x: derive.build_failures(store, builds, x, 2000))
        failed = tables.read(BUILD_FAILURES)
        tables.replace(BUILDS, builds)
        tables.replace(TEST_RESULTS, results, [builds["arrival_day"][0]])
        tables.replace(FAILURE_CLUSTERS, failure_clusters(failed, builds))
        tables.replace(TEST_HISTORY, history_of(results, builds))
        tables.replace(FLAKY_TESTS, flaky_tests(results, builds, failed, store.quarantines(), date(2026, 3, 3)))
    return bare, whole


@pytest.fixture
def ingested(home: Path, homes: tuple[Path, Path], banana: Run) -> Run:
    """The same on a home with builds, of which no table is made."""
    shutil.copytree(homes[0], home)
    return banana


@pytest.fixture
def filled(home: Path, homes: tuple[Path, Path], banana: Run) -> Run:
    """The same on a home with builds and the tables."""
    shutil.copytree(homes[1], home)
    return banana


def ids(run: Run, *words: str) -> list[str]:
    status, out, _ = run("builds", *words, "--format", "jsonl")
    assert status == 0
    return [json.loads(line)["build_id"] for line in out.splitlines()]


def test_without_a_store_they_say_what_to_run_and_make_none(banana: Run, home: Path) -> None:
    for words in (["builds"], ["build"], ["build", "x"], ["flaky"], ["flaky", "lift", "x"]):
        status, out, err = banana(*words)
        assert (status, out) == (2, "")
        assert "banana ingest builds" in err
    for command, bring in (("analyze", "logs"), ("metadata", "media"), ("forecast", "watch"), ("anomalies", "watch")):
        assert bring in banana(command)[2].split("There is no store")[1]
    assert "does not exist" in banana("diagnose", "some-build")[2]
    assert not (home / "banana.sqlite").exists()


def test_the_newest_come_first(filled: Run) -> None:
    assert ids(filled) == ["test-7", "test-6", "test-5", "test-4", "build-3", "build-2", "build-1"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--status", "failed"], ["test-7", "test-5", "build-3", "build-2"]),
        (["--status", "failed", "--status", "success", "--job", "shop/build"], ["build-3", "build-2", "build-1"]),
        (["--job", "test", "--limit", "2"], ["test-7", "test-6"]),
        (["--job", "shop", "--since", "2h"], ["test-7", "test-6", "test-5"]),
        (["--since", "2026-03-03"], []),
        (["--branch", "main", "--commit", "c4"], ["test-6", "test-5"]),
        (["--category", "test_failure"], ["test-5"]),
    ],
)
def test_filters(filled: Run, words: list[str], names: list[str]) -> None:
    assert ids(filled, *words) == names


def test_the_same_failure_is_found_again(filled: Run) -> None:
    _, out, err = filled("builds", "--job", "build")
    header, last, first, green = out.splitlines()
    assert header.split() == [
        "build_id",
        "job",
        "branch",
        "status",
        "when",
        "took",
        "category",
        "seen",
        "cluster",
        "cause",
    ]
    assert "2 of 2" in last
    assert first.split()[:6] == ["build-2", "shop/build", "main", "failed", "2026-03-02", "13:00:30"]
    assert "new" in first.split()
    assert "error: expected ';'" in first
    assert green.split()[3] == "success"
    assert err == ""
    cluster = json.loads(filled("builds", "--job", "build", "--format", "jsonl")[1].splitlines()[0])["cluster_id"]
    assert ids(filled, "--cluster", cluster[:6]) == ["build-3", "build-2"]


def test_builds_show_before_anything_is_computed(ingested: Run) -> None:
    status, out, err = ingested("builds", "--limit", "4")
    assert (status, len(out.splitlines())) == (0, 5)
    assert "3 more (--limit)" in err
    assert "1 failed build is not explained yet" in err
    assert "came without a log" in out
    status, out, _ = ingested("build", "build-2")
    assert (status, "error: expected ';'" in out, "banana materialize" in out) == (0, True, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["builds", "--job", "nothing"], "There are shop/build, shop/test."),
        (["builds", "--branch", "nothing"], "There are main."),
        (["builds", "--since", "soon"], "no day and no duration"),
        (["builds", "--cluster", "zzzz"], "no cluster zzzz"),
        (["build", "test-55"], "The nearest are test-5"),
        (["build", "build"], "may be build-1, build-2, build-3"),
        (["diagnose", "test-55"], "test-55 is no file. There is no build test-55."),
        (["diagnose", "test-7"], "came without a log"),
        (["diagnose", "./test-5"], "does not exist"),
        (["diagnose", "x" * 5000], "is no file. There is no build"),
    ],
)
def test_what_cannot_be_meant_is_refused(filled: Run, words: list[str], said: str) -> None:
    status, out, err = filled(*words)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_one_build_in_full(filled: Run) -> None:
    status, out, err = filled("build", "test-5")
    assert (status, err) == (0, "")
    for said in (
        "test-5  shop/test  failed",
        "2026-03-02 16:00:30 UTC, took 30 s",
        "Commit  c4 on main",
        "Green   test-4 was the last green one before it, commit c3",
        "Same    test-6 of the same commit: success",
        "test failure (",
        "7 | E       assert 1 == 2",
        "by chance: test-6 was green on the same commit",
        "seen for the first time",
        "resolved: test-6 was green",
        "Tests   1 failed, 1 passed",
        "test_cart::test_total  (new: never failed before; flaky, 1 of 3 runs)",
        "Next    Run `test_cart.py::test_total` alone",
    ):
        assert said in out, said
    detail = json.loads(filled("build", "test-5", "--format", "json")[1])
    assert detail["green"]["build_id"] == "test-4"
    assert detail["cluster"]["builds"] == ["test-5"]
    assert detail["failing"][0]["flakes"] == 1


def test_the_newest_failed_build_is_meant_where_none_is_named(filled: Run) -> None:
    newest = ids(filled, "--status", "failed")[0]
    assert filled("build")[1].startswith(f"{newest} ")
    assert filled("build") == filled("build", newest)


def test_a_build_that_failed_as_others_did(filled: Run) -> None:
    out = filled("build", "build-3")[1]
    assert "number 2 of 2 builds that failed so, first in build-2" in out
    assert "still open: no green build since" in out
    assert "it came with" not in out
    assert "it came with c1..c2" in filled("build", "build-2")[1]


def test_tests_that_only_the_log_names(home: Path, banana: Run, tmp_path: Path) -> None:
    for n in (1, 2):
        (tmp_path / "ci" / "unit").mkdir(parents=True, exist_ok=True)
        (tmp_path / "ci" / "unit" / f"check-{n}.log").write_text(FAILS.replace("1 == 2", f"{n} == 2"))
    assert banana("ingest", "builds", str(tmp_path / "ci"))[0] == 0
    first = ids(banana)[0]
    out = banana("build", first)[1]
    assert "Tests   told by the log alone" in out
    assert "failed  test_cart.py::test_total  (new: never failed before)" in out


def test_a_green_build_and_one_without_a_log(filled: Run) -> None:
    assert "Next" not in filled("build", "build-1")[1]
    assert "came without a log" in filled("build", "test-7")[1]


def test_a_build_is_diagnosed_out_of_the_store_against_its_last_green_one(filled: Run, tmp_path: Path) -> None:
    status, out, _ = filled("diagnose", "test-5")
    assert (status, "test failure" in out, "Compared with test-4" in out) == (1, True, True)
    (tmp_path / "red.log").write_text(COMPILES.format(line=3))
    status, out, _ = filled("diagnose", "build-1", str(tmp_path / "red.log"), "ild-2", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [row["file"] for row in rows] == ["build-1", str(tmp_path / "red.log"), "build-2"]
    assert [row["status"] for row in rows] == ["success", "failed", "failed"]
    assert [row["against"] for row in rows] == [None, None, "build-1"]


def test_flaky_tests_are_listed_with_their_intervals(filled: Run) -> None:
    status, out, err = filled("flaky")
    assert (status, err) == (0, "")
    header, row = out.splitlines()
    assert header.split()[:6] == ["test_id", "pipeline", "test", "state", "flakes", "runs"]
    assert "test_cart::test_total" in row
    assert "33.3% (6.1% to 79.2%)" in row
    assert "no test is like that" in filled("flaky", "--state", "broken")[2]
    assert "no test is like that" in filled("flaky", "--quarantined")[2]


def test_a_quarantine_is_kept_shown_and_lifted(filled: Run, home: Path) -> None:
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    status, out, _ = filled(
        "flaky", "quarantine", "test_total", "--until", until, "--reason", "clock", "--format", "json"
    )
    assert (status, json.loads(out)["until"]) == (0, until)
    assert f"until {until}: clock" in filled("flaky")[1]
    assert "in quarantine" in filled("build", "test-5")[1]
    with open_store(load_from(home)) as store:
        (kept,) = store.quarantines().to_dicts()
        store.set_quarantine(
            kept["test_id"], pipeline="shop", title=kept["title"], until=date(2026, 3, 4), reason="old", set_by="ann",
            set_at=START,
        )  # fmt: skip
    assert (kept["title"], kept["reason"], kept["lifted_at"]) == ("test_cart::test_total", "clock", None)
    status, out, err = filled("flaky", "--quarantined")
    assert (status, "ended 2026-03-04: old" in out, "1 quarantine ended" in err) == (0, True, True)
    assert "is in no quarantine" in filled("flaky", "lift", "test_total")[2]
    filled("flaky", "quarantine", "test_tax", "--until", until, "--reason", "slow")
    assert filled("flaky", "lift", "test_tax")[0] == 0
    assert "lifted" in filled("flaky", "--quarantined")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing", "--until", "2999-01-01", "--reason", "x"], "no test nothing"),
        (["test_t", "--until", "2999-01-01", "--reason", "x"], "may be test_cart::test_tax, test_cart::test_total"),
        (["test_tax", "--until", "soon", "--reason", "x"], "is no day"),
        (["test_tax", "--until", "2020-01-01", "--reason", "x"], "over already"),
        (["test_tax", "--until", "2999-01-01", "--reason", " "], "needs a reason"),
    ],
)
def test_a_quarantine_that_makes_no_sense_is_refused(filled: Run, words: list[str], said: str) -> None:
    status, out, err = filled("flaky", "quarantine", *words)
    assert (status, out) == (2, "")
    assert said in err
