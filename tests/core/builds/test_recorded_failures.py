"""Clusters and flaky tests on the bundled sample, whose history says which builds broke for one reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.builds.flaky import flaky_tests
from banana_assets.core.builds.history import test_history as history_of
from banana_assets.core.builds.junit import parse_junit
from banana_assets.core.builds.quarantine import QUARANTINES
from banana_assets.core.builds.rows import failure_row
from tests.core.metrics.frames import builds, failures, results

SAMPLES = Path(__file__).parents[3] / "banana_assets" / "samples" / "builds"
CLOCK = "test_receipt_is_made_at_once"


@pytest.fixture(scope="module")
def manifest() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / "manifest.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def known(manifest: list[dict[str, Any]]) -> pl.DataFrame:
    names = ("build_id", "pipeline", "job", "branch", "status")
    return builds(
        [
            {name: row[name] for name in names}
            | {"commit_sha": row["commit"], "finished_at": datetime.fromisoformat(row["finished_at"]).astimezone(UTC)}
            for row in manifest
        ]
    )


@pytest.fixture(scope="module")
def failed(manifest: list[dict[str, Any]], known: pl.DataFrame) -> pl.DataFrame:
    ended = dict(known.select("build_id", "finished_at").iter_rows())
    rows = []
    for row in manifest:
        if row["status"] == "failed":
            found = diagnose((SAMPLES / row["log"]).read_text().split("\n"), exit_code=row["exit_code"])
            name = row["build_id"]
            rows.append(failure_row(found, build_id=name, log_sha256=f"{name:0>64}", failed_at=ended[name]))
    return failures(rows)


@pytest.fixture(scope="module")
def tested(manifest: list[dict[str, Any]]) -> pl.DataFrame:
    names = ("suite", "classname", "name", "status", "attempts", "message", "duration_seconds")
    return results(
        [
            {"build_id": row["build_id"]} | {name: getattr(test, name) for name in names}
            for row in manifest
            if "junit" in row
            for test in parse_junit((SAMPLES / row["junit"]).read_bytes())
        ]
    )


def test_a_commit_that_fails_twice_fails_the_same_way_and_another_one_does_not(
    known: pl.DataFrame, failed: pl.DataFrame
) -> None:
    clusters = failure_clusters(failed, known)
    of = dict(clusters.select("builds", "cluster_id").explode("builds").iter_rows())
    red = known.filter(pl.col("status") == "failed")
    for _, same in red.group_by("pipeline", "job", "commit_sha"):
        assert len({of[name] for name in same["build_id"]}) == 1, same["build_id"].to_list()
    several = clusters.filter(pl.col("commits") > 1)
    # The test that reads the clock twice, and the last commits, which leave one thing broken.
    assert {row["title"].split(": ")[0].split()[-1] for row in several.iter_rows(named=True)} == {
        CLOCK, "test_discount[WELCOME5-0-0]"
    }  # fmt: skip
    last = several.filter(~pl.col("title").str.contains(CLOCK)).row(0, named=True)
    assert (last["state"], last["is_new"], last["recurrences"]) == ("open", True, 0)
    clock = several.filter(pl.col("title").str.contains(CLOCK)).row(0, named=True)
    assert (clock["state"], clock["is_new"], clock["recurrences"]) == ("resolved", False, 1)


def test_the_one_test_that_depends_on_the_clock_is_flaky(
    known: pl.DataFrame, failed: pl.DataFrame, tested: pl.DataFrame
) -> None:
    frame = flaky_tests(tested, known, failed, pl.DataFrame(schema=QUARANTINES), date(2026, 11, 22))
    assert frame.select("name", "state", "source", "mixed_commits").rows() == [(CLOCK, "flaky", "report", 2)]


def test_tests_of_the_last_commits_fail_now_and_one_got_slow(known: pl.DataFrame, tested: pl.DataFrame) -> None:
    history = history_of(tested, known)
    now = history.filter(pl.col("failing_builds") > 0).sort("name")
    assert now.select("name", "failing_builds").rows() == [("test_best_of_one", 4), ("test_discount[WELCOME5-0-0]", 4)]
    assert now["failing_since_build"].unique().to_list() == ["api-test-187"]
    slower = history.filter("slower")["name"].to_list()
    assert "test_busy_for_ever" in slower
