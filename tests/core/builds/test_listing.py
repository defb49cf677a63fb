from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.builds.greens import greens, last_green
from banana_assets.core.builds.listing import listed
from banana_assets.core.builds.titles import LONGEST, title_of
from banana_assets.core.metrics.runs import ended
from banana_assets.core.tables import BUILD_FAILURES, FAILURE_CLUSTERS
from tests.core.metrics.frames import T0, at, builds, failures

LOG = "a" * 64
RUNS = builds(
    [
        {"build_id": "g0", "log_sha256": LOG},
        {"build_id": "r1", "status": "failed", "log_sha256": LOG},
        {"build_id": "q2", "status": "queued", "finished_at": None, "arrived_at": at(2)},
        {"build_id": "r3", "status": "error", "log_sha256": LOG},
    ]
)
FAILED = failures([{"build_id": "r1"}, {"build_id": "r3"}])


def test_builds_are_listed_the_newest_first_with_what_is_known() -> None:
    rows = list(listed(RUNS, FAILED, failure_clusters(FAILED, RUNS)).iter_rows(named=True))
    assert [row["build_id"] for row in rows] == ["r3", "q2", "r1", "g0"]
    assert [row["nth"] for row in rows] == [2, None, 1, None]
    assert [row["of"] for row in rows] == [2, None, 2, None]
    assert rows[0]["cluster_id"] == rows[2]["cluster_id"] == "f1"
    assert rows[0]["category"] == "missing_dependency"
    assert rows[1]["at"] == at(2)


def test_without_tables_builds_are_listed_all_the_same() -> None:
    frame = listed(RUNS, BUILD_FAILURES.empty(), FAILURE_CLUSTERS.empty())
    assert frame.height == 4
    assert frame["category"].null_count() == 4


def test_a_diagnosis_of_another_log_is_not_shown() -> None:
    other = RUNS.with_columns(log_sha256=pl.lit("b" * 64))
    assert listed(other, FAILED, FAILURE_CLUSTERS.empty())["category"].null_count() == 4


def test_greens_around_a_failure() -> None:
    runs = ended(
        builds(
            [
                {"build_id": "g0"},
                {"build_id": "d1", "branch": "dev", "commit_sha": "c1"},
                {"build_id": "r2", "status": "failed"},
                {"build_id": "r3", "status": "failed", "branch": "new"},
                {"build_id": "r4", "status": "failed", "job": "docs"},
                {"build_id": "g5"},
                {"build_id": "g6"},
            ]
        )
    )
    around = greens(runs.filter("red").select("build_id", "pipeline", "job", "branch", "at"), runs)
    columns = ["build_id", "green_id", "green_commit", "next_id", "before"]
    assert around.select(columns).rows() == [
        ("r2", "g0", None, "g5", 1),
        ("r3", "d1", "c1", None, 0),  # its branch has none: the job's last
        ("r4", None, None, None, 0),
    ]
    assert around["green_at"].to_list() == [at(0), at(1), None]


def test_the_last_green_build_to_compare_with_is_of_the_same_branch_where_there_is_one() -> None:
    rows = builds(
        [
            {"build_id": "dev", "branch": "dev", "log_sha256": LOG},
            {"build_id": "main", "log_sha256": LOG},
            {"build_id": "bare", "branch": "dev"},
            {"build_id": "red", "status": "failed", "branch": "dev"},
            {"build_id": "late", "branch": "dev", "log_sha256": LOG},
        ]
    )
    red = rows.row(by_predicate=pl.col("build_id") == "red", named=True)
    # What is known of a build by its facts alone will do, unless its log is to be compared.
    assert (last_green(rows, red) or {})["build_id"] == "bare"
    assert (last_green(rows, red, log=True) or {})["build_id"] == "dev"
    assert (last_green(rows, red | {"branch": "other"}, log=True) or {})["build_id"] == "main"
    assert (last_green(rows, red | {"branch": None}, log=True) or {})["build_id"] == "main"
    assert last_green(rows, red | {"finished_at": T0}) is None
    assert last_green(rows, red | {"finished_at": None, "arrived_at": T0 - timedelta(days=1)}) is None


@pytest.mark.parametrize(
    ("reason", "cause", "title"),
    [
        ("line 12: gcc says x.c:1: error", "x.c:1: error\nmore", "gcc says x.c:1: error"),
        ("no message of a known tool stands in the log", "\n  it just  died\nmore", "it just died"),
        ("no message of a known tool stands in the log", "", "no message of a known tool stands in the log"),
        ("line 1: " + "x" * 500, "", "x" * (LONGEST - 1) + "…"),
    ],
)
def test_titles(reason: str, cause: str, title: str) -> None:
    assert title_of(reason, cause) == title
