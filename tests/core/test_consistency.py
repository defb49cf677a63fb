"""Each rule between tables holds on a sound example and names what breaks it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from banana_assets.core import consistency as rules

FILES = pl.DataFrame({"file_id": [1, 2], "lines": [3, 2]})
EVENTS = pl.DataFrame({"file_id": [1, 1, 2, 2], "first_line": [1, 2, 1, 2], "last_line": [1, 3, 1, 2]})
SHAPES = pl.DataFrame({"file_id": [1, 1, 2], "shape_id": [7, 8, 7], "events": [1, 1, 2]})
PATTERNS = pl.DataFrame({"pattern_id": ["p", "q"], "frequency": [3, 1], "shapes": [[7], [8]]})


def test_sound_tables_break_no_rule() -> None:
    assert rules.lines_outside_events(FILES, EVENTS).is_empty()
    assert rules.uncounted_events(EVENTS, SHAPES).is_empty()
    assert rules.shapes_outside_patterns(SHAPES, PATTERNS).is_empty()
    assert rules.miscounted_patterns(SHAPES, PATTERNS).is_empty()


def test_a_lost_line_and_a_doubled_event_are_named() -> None:
    lost = EVENTS.with_columns(last_line=pl.when(pl.col("last_line") == 3).then(2).otherwise("last_line"))
    assert rules.lines_outside_events(FILES, lost).to_dicts() == [{"file_id": 1, "lines": 3, "covered": 2}]
    doubled = pl.concat([EVENTS, EVENTS.filter(pl.col("file_id") == 2)])
    assert rules.lines_outside_events(FILES, doubled)["file_id"].to_list() == [2]


def test_an_uncounted_event_is_named() -> None:
    assert rules.uncounted_events(EVENTS, SHAPES.filter(pl.col("file_id") == 1))["file_id"].to_list() == [2]


def test_a_dropped_and_a_doubled_shape_are_named() -> None:
    assert rules.shapes_outside_patterns(SHAPES, PATTERNS.head(1))["shape_id"].to_list() == [8]
    doubled = PATTERNS.with_columns(shapes=pl.Series([[7], [7, 8]]))
    assert rules.shapes_outside_patterns(SHAPES, doubled).to_dicts() == [{"shape_id": 7, "patterns": 2}]


def test_a_wrong_frequency_is_named() -> None:
    wrong = PATTERNS.with_columns(frequency=pl.Series([4, 1]))
    assert rules.miscounted_patterns(SHAPES, wrong)["pattern_id"].to_list() == ["p"]


def test_failures_without_diagnosis_and_empty_packs_are_named() -> None:
    builds = pl.DataFrame(
        {
            "build_id": ["a", "b", "c", "d"],
            "pipeline": "p",
            "job": "j",
            "status": ["failed", "success", "error", "failed"],
            "log_sha256": ["1", "2", "3", None],
        }
    )
    failures = pl.DataFrame({"build_id": ["a"], "category": ["unknown"], "pack": [" \n"]})
    assert rules.unexplained_failures(builds, failures)["build_id"].to_list() == ["c"]
    assert rules.empty_packs(failures)["build_id"].to_list() == ["a"]
    assert rules.orphans(failures, builds.filter(pl.col("build_id") != "a"), "build_id")["build_id"].to_list() == ["a"]


def test_bad_forecasts_are_named() -> None:
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    row = {"source": "h", "metric": "m", "ts": at, "lo95": 0.0, "lo80": 1.0, "predicted_usage": 2.0, "hi80": 3.0}
    good = pl.DataFrame([row | {"hi95": 4.0}])
    usage = pl.DataFrame({"source": ["h"], "metric": ["m"], "mean": [0.0]})
    assert rules.disordered_intervals(good).is_empty()
    assert rules.negative_forecasts(good, usage).is_empty()
    assert rules.disordered_intervals(good.with_columns(lo80=pl.lit(2.5))).height == 1
    below = good.with_columns(lo95=pl.lit(-0.1))
    assert rules.negative_forecasts(below, usage).height == 1
    assert rules.negative_forecasts(below, usage.with_columns(mean=pl.lit(-1.0))).is_empty()


def test_advice_without_evidence_and_scores_that_do_not_add_up_are_named() -> None:
    advice = pl.DataFrame(
        {"id": ["a", "b"], "evidence": [["x"], []]}, schema_overrides={"evidence": pl.List(pl.String)}
    )
    assert rules.baseless(advice, "id")["id"].to_list() == ["b"]
    deductions = [[{"points": 10.0}, {"points": 5.0}], []]
    health = pl.DataFrame({"pipeline": ["a", "b"], "score": [85.0, 90.0], "deductions": deductions})
    assert rules.wrong_scores(health)["pipeline"].to_list() == ["b"]


def test_failures_outside_clusters_are_named() -> None:
    failed = pl.DataFrame({"build_id": ["a", "b", "c"]})
    builds = pl.DataFrame({"build_id": ["a", "b", "c"], "status": ["failed", "error", "success"]})
    sound = pl.DataFrame({"cluster_id": ["x", "y"], "builds": [["a"], ["b"]]})
    assert rules.failures_outside_clusters(failed, builds, sound).is_empty()
    wrong = pl.DataFrame({"cluster_id": ["x", "y"], "builds": [["a", "c"], ["a"]]})
    assert rules.failures_outside_clusters(failed, builds, wrong).rows() == [("a", 2), ("b", 0)]
    unknown = pl.DataFrame({"cluster_id": ["x"], "builds": [["a", "b", "z"]]})
    assert rules.failures_outside_clusters(failed, builds, unknown.head(1)).is_empty()


def test_a_rate_outside_its_interval_is_named() -> None:
    rates = {"test_id": ["a", "b", "c", "d"], "rate": [0.5, 0.5, None, 1.0]}
    tests = pl.DataFrame(rates | {"rate_low": [0.4, 0.6, 0.0, 0.2], "rate_high": [0.6, 0.7, 1.0, 0.9]})
    assert rules.misplaced_rates(tests, "rate")["test_id"].to_list() == ["b", "d"]


def test_a_quarantine_past_its_day_is_named() -> None:
    day = dt.date(2026, 3, 2)
    tests = pl.DataFrame(
        {
            "test_id": ["a", "b", "c"],
            "title": ["a", "b", "c"],
            "quarantine": ["active", "active", "expired"],
            "quarantined_until": [day, day + dt.timedelta(days=1), day],
        }
    )
    assert rules.outlived_quarantines(tests, day)["test_id"].to_list() == ["a"]


def test_builds_that_no_bucket_holds_are_named() -> None:
    builds = pl.DataFrame({"status": ["success", "failed", "cancelled"]})
    one = {"granularity": ["hour", "hour", "day"], "metric": "builds", "dimension": "all", "value": [1.0, 1.0, 1.0]}
    found = rules.uncounted_builds(builds, pl.DataFrame(one))
    assert found.to_dicts() == [{"granularity": "day", "counted": 1.0, "ended": 2}]
    nothing = rules.uncounted_builds(builds.clear(), pl.DataFrame(one).clear())
    assert nothing.is_empty()


def test_values_that_cannot_be_are_named() -> None:
    ts = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    rows = [
        ("builds", "all", "builds", -1.0, None, None),
        ("build_failure_ratio", "all", "1", 1.5, 0.0, 2.0),
        ("log_error_ratio", "source", "1", 0.2, 0.3, 0.4),
        ("build_failure_ratio", "job", "1", 0.2, 0.1, 0.4),
        ("temperature_mean", "source", "", -20.0, None, None),
    ]
    names = ["metric", "dimension", "unit", "value", "low", "high"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        ts=pl.lit(ts), granularity=pl.lit("day"), subject=pl.lit("")
    )
    found = rules.impossible_metrics(frame)
    assert found["metric"].to_list() == ["build_failure_ratio", "builds", "log_error_ratio"]


def test_readings_that_no_interval_holds_are_named() -> None:
    series = {"source": ["a", "a", "b"], "metric": ["m", "m", "m"], "samples": [2, 3, 4]}
    usage = {"source": ["a", "b"], "metric": ["m", "m"], "samples": [5, 3]}
    found = rules.miscounted_readings(pl.DataFrame(series), pl.DataFrame(usage))
    assert found.to_dicts() == [{"source": "b", "metric": "m", "readings": 4, "counted": 3}]


def test_times_after_a_moment_are_named() -> None:
    days = pl.DataFrame({"ts": [dt.datetime(2026, 3, d, tzinfo=dt.UTC) for d in (1, 3, 3)]})
    assert rules.later_than(days, "ts", dt.datetime(2026, 3, 2, tzinfo=dt.UTC)).height == 1


def test_savings_that_nothing_bears_out_are_named() -> None:
    columns = [
        "queue_id",
        "queue",
        "verdict",
        "first_come_wait",
        "ordered_wait",
        "saved_seconds",
        "saved_low",
        "saved_high",
    ]
    rows = [
        ("a", "right", "saves", 90.0, 30.0, 60.0, 10.0, 80.0),
        ("b", "no sum", "no_clear_difference", 90.0, 30.0, 50.0, -10.0, 80.0),
        ("c", "no proof", "saves", 90.0, 30.0, 60.0, -10.0, 80.0),
        ("d", "no interval", "loses", 30.0, 90.0, -60.0, None, None),
        ("e", "nothing", "no_waiting", 0.0, 0.0, 0.0, None, None),
    ]
    found = rules.misjudged_queues(pl.DataFrame(rows, schema=columns, orient="row"))
    assert found["queue"].to_list() == ["no sum", "no proof", "no interval"]


def test_windows_that_are_none_are_named() -> None:
    def hour(n: int) -> dt.datetime:
        return dt.datetime(2026, 3, 2, n, tzinfo=dt.UTC)

    columns = ["queue_id", "kind", "host", "begins_at", "best_at", "ends_at"]
    rows = [
        ("a", "x", "", hour(1), hour(2), hour(3)),
        ("a", "y", "", hour(1), hour(3), hour(3)),
        ("b", "z", "", hour(1), hour(2), hour(3)),
    ]
    found = rules.closed_windows(pl.DataFrame(rows, schema=columns, orient="row"), pl.DataFrame({"queue_id": ["a"]}))
    assert found["kind"].to_list() == ["y", "z"]
