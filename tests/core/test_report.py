"""The report names what stands out, and says so where there is nothing."""

from __future__ import annotations

import datetime as dt

import polars as pl

from banana_assets.core import report
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.tables import BUILD_FAILURES, BUILDS, LOG_PATTERNS, TABLES
from tests.core.metrics.frames import builds, failures

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def failure(build_id: str, confidence: float, cause: str, hour: int) -> dict[str, object]:
    lines = cause.count("\n") + 1
    return {
        "build_id": build_id,
        "category": "compile_error",
        "confidence": confidence,
        "reason": "the compiler says so",
        "cause": [{"first": 7, "last": 6 + lines}],
        "cause_text": cause,
        "failing_tests": [],
        "evidence": [],
        "pack": "7: x",
        "pack_tokens": 2,
        "fingerprint": "f",
        "log_sha256": "0",
        "rules_version": 1,
        "failed_at": AT.replace(hour=hour),
    }


def build(build_id: str) -> dict[str, object]:
    return {
        "build_id": build_id,
        "pipeline": "ci",
        "job": "compile",
        "status": "failed",
        "log_lines": 1,
        "log_bytes": 1,
        "origin": "folder",
        "arrived_at": AT,
        "arrival_day": AT.date(),
    }


def explained(*rows: dict[str, object]) -> str:
    failures = BUILD_FAILURES.conform(pl.DataFrame(rows))
    builds = BUILDS.conform(pl.DataFrame([build(str(row["build_id"])) for row in rows]))
    return report.explained_failure(failures, builds)


def test_an_empty_store_is_said_in_every_section() -> None:
    text = report.overview({name: table.empty() for name, table in TABLES.items()})
    assert text.count("none") + text.count("unknown") == 10


def test_new_failures_and_flaky_tests_are_named() -> None:
    runs = builds(
        [{"commit_sha": "aaaa"}, {"status": "failed", "commit_sha": "bbbb"}, {"commit_sha": "bbbb", "job": "x"}]
    )
    failed = failures([{"build_id": "b001"}])
    clusters = failure_clusters(failed, runs)
    assert report.new_failures(clusters).splitlines() == [
        "New failures (1 of 1)",
        "  E ModuleNotFoundError: No module named 'yaml'",
        "    1 build of ci/test since b001, came with aaaa..bbbb",
    ]
    assert "none: 1 known" in report.new_failures(clusters.with_columns(is_new=pl.lit(value=False)))
    rates = {"flake_rate": [2 / 54], "flake_rate_low": [0.01], "flake_rate_high": [0.125], "flakes": [2], "runs": [54]}
    told = {"test_id": ["t"], "title": ["cart::total"], "state": ["flaky"], "quarantine": ["none"]}
    flaky = pl.DataFrame(told | rates)
    assert report.flaky_tests(flaky).splitlines()[1:] == [
        "  cart::total",
        "    by chance in 2 of 54 runs: 3.7% (95 % interval 1.0 to 12.5)",
    ]
    assert "none" in report.flaky_tests(flaky.with_columns(quarantine=pl.lit("active")))


def test_a_sure_and_brief_explanation_comes_before_a_later_one() -> None:
    text = explained(
        failure("brief", 0.9, "a.c:3: error: expected ';'", hour=1),
        failure("long", 0.9, "\n".join("abcdefghijklmnop"), hour=2),
        failure("unsure", 0.4, "x", hour=3),
    )
    assert "ci/compile brief: compile_error, confidence 90%" in text
    assert "Cause, line 7:" in text
    assert "a.c:3: error: expected ';'" in text


def test_a_long_cause_is_cut_and_says_so() -> None:
    assert f"... {16 - report.CAUSE_LINES} more lines" in explained(failure("long", 0.9, "\n".join("x" * 16), hour=2))


def test_the_worst_pattern_is_the_most_severe_then_the_most_frequent() -> None:
    def pattern(name: str, severity: str, number: int, frequency: int) -> dict[str, object]:
        return {
            "pattern_id": name,
            "template": name,
            "named_template": name,
            "frequency": frequency,
            "severity_number": number,
            "severity": severity,
            "first_arrived": AT.date(),
            "sources": ["web"],
            "files": 1,
            "shapes": [1],
            "last_arrived": AT,
            "is_new": False,
            "rarity": 0.5,
            "state": "open",
            "regressed": False,
            "formerly": [],
            "rules_version": 1,
            "examples": [{"file_id": 1, "path": "web.log", "line": 12, "text": name}],
        }

    rows = [pattern("often", "low", 9, 900), pattern("bad", "high", 17, 3), pattern("worse", "high", 17, 5)]
    text = report.worst_pattern(LOG_PATTERNS.conform(pl.DataFrame(rows)))
    assert "worse" in text
    assert "web.log:12" in text


def test_what_metadata_lack_and_what_an_order_saves_is_told() -> None:
    quality = pl.DataFrame(
        {
            "measure": ["missing", "missing", "missing", "invalid"],
            "collection": ["", "", "music", ""],
            "field": ["", "genre", "genre", ""],
            "affected": [9, 7, 7, 3],
            "share": [0.1, 0.5, 0.5, 0.1],
            "statement": ["all fields together: 9 missing", "genre: 7 missing", "in music", "invalid"],
        }
    )
    told = report.metadata(quality).splitlines()
    assert told == ["Metadata", "  all fields together: 9 missing", "  genre: 7 missing"]
    assert "no media" in report.metadata(quality.clear())
    queues = pl.DataFrame({"queue": ["calm", "busy"], "first_come_wait": [1.0, 9.0], "statement": ["a", "it saves"]})
    assert report.queue(queues).splitlines() == ["Queue (of 2)", "  busy", "  it saves"]
    assert "no build or task" in report.queue(queues.clear())
