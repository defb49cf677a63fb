"""System metrics by hour and day: how much is logged, built and used, how often it fails, how long it takes."""

from __future__ import annotations

import polars as pl

from banana_assets.core.metrics.measures import COLUMNS, count, mean, measured, median, percentile_95, share
from banana_assets.core.metrics.rollups import merged
from banana_assets.core.metrics.runs import ended, red_periods
from banana_assets.core.tables.metrics import SYSTEM_METRICS
from banana_assets.core.units import unit_of

BUCKETS = {"hour": "1h", "day": "1d"}
WARN, ERROR = 13, 17
"""First OpenTelemetry severity number of the level."""

_SUBJECTS = {"pipeline": "pipeline", "job": "subject_job", "branch": "branch", "all": None}
_NAMES = ["pipeline", "subject_job", "branch"]


def system_metrics(
    shapes: pl.DataFrame,
    builds: pl.DataFrame,
    test_results: pl.DataFrame,
    summed: pl.DataFrame,
    patterns: pl.DataFrame,
    steps: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """SYSTEM_METRICS out of LOG_SHAPES, BUILDS, TEST_RESULTS, RESOURCE_ROLLUPS, LOG_PATTERNS and BUILD_STEPS.

    ======================================  ========================================================================
    log_events, log_errors, log_warnings    events in the hour or day; errors: severity 17 and up, warnings 13 to 16
    log_error_ratio, log_warning_ratio      share of the events
    log_new_patterns                        patterns first seen in the bucket, at each source that they occur in
    builds, build_failures                  builds that ended in the bucket; those of them that failed
    build_failure_ratio                     share of them; cancelled builds count nowhere
    build_duration_{median,p95}_seconds     of those with a duration
    build_queue_{median,p95}_seconds        from asked to begun, of those with both times in that order
    build_clock_faults                      builds said to begin before they were asked, or to end before they began
    outages                                 failures that turned a line (a job on a branch) red
    time_to_green_{mean,median}_seconds     from such a failure to the line's next success, in the bucket of that
                                            success; the mean is the MTTR. Lines still red are in neither:
    jobs_red                                lines that are red at the end of the bucket, where builds ended in it
    test_runs                               tests that ran (skipped ones do not count)
    test_pass_ratio, test_flaky_ratio       share that passed at the first or a later try; share that needed a later one
    test_retries                            tries beyond the first
    flaky_build_ratio                       share of the builds with tests in which a test needed a later try
    step_duration_{median,p95}_seconds      of the steps of builds that carry times, by the builds' end
    <resource metric>_{mean,max}            of the readings
    ======================================  ========================================================================

    Logs and resources are by source, builds by pipeline, job, branch, steps by step, and all but steps and resources
    for all together. Shares carry the Wilson interval, medians the one of their order statistics. Buckets are UTC, each
    build is in that of its end. Events and patterns without a time are in no bucket.
    """
    runs = ended(builds).with_columns(subject_job=pl.concat_str("pipeline", "job", separator="/"))
    parts: list[pl.DataFrame] = []
    for granularity, width in BUCKETS.items():
        found = [
            *_log_parts(shapes, width),
            *_pattern_parts(patterns, width),
            *_build_parts(runs, width),
            *_green_parts(runs, width),
            *_red_parts(runs, width),
            *_test_parts(test_results, runs, width),
            *_step_parts(steps, runs, width),
            *_resource_parts(summed, width),
        ]
        parts += [f.with_columns(granularity=pl.lit(granularity)).select("granularity", *COLUMNS) for f in found]
    if not parts:
        return SYSTEM_METRICS.empty()
    whole = pl.concat(parts, how="vertical_relaxed").sort(*SYSTEM_METRICS.key)
    return SYSTEM_METRICS.conform(whole)


def _log_parts(shapes: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    severity, events = pl.col("severity_number"), pl.col("events")
    errors = events.filter(severity >= ERROR).sum()
    warnings = events.filter(severity.is_between(WARN, ERROR - 1)).sum()
    measures = [
        count("log_events", "events", events.sum()),
        count("log_errors", "events", errors, events.sum()),
        count("log_warnings", "events", warnings, events.sum()),
        share("log_error_ratio", errors, events.sum()),
        share("log_warning_ratio", warnings, events.sum()),
    ]
    return measured(shapes.drop_nulls("hour"), "hour", width, {"source": "source", "all": None}, measures)


def _pattern_parts(patterns: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    seen = patterns.select("first_seen", "sources").drop_nulls("first_seen")
    new = [count("log_new_patterns", "patterns", pl.len())]
    return [
        *measured(seen.explode("sources").drop_nulls(), "first_seen", width, {"source": "sources"}, new),
        *measured(seen, "first_seen", width, {"all": None}, new),
    ]


def _build_parts(runs: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    wait = (pl.col("started_at") - pl.col("queued_at")).dt.total_milliseconds() / 1000
    backwards = (wait < 0).fill_null(value=False) | (pl.col("finished_at") < pl.col("started_at")).fill_null(
        value=False
    )
    measures = [
        count("builds", "builds", pl.len()),
        count("build_failures", "builds", pl.col("red").sum(), pl.len()),
        share("build_failure_ratio", pl.col("red").sum(), pl.len()),
        median("build_duration_median_seconds", "duration_seconds"),
        percentile_95("build_duration_p95_seconds", "duration_seconds"),
        median("build_queue_median_seconds", "wait"),
        percentile_95("build_queue_p95_seconds", "wait"),
    ]
    faults = [count("build_clock_faults", "builds", pl.len())]
    return [
        *measured(runs.with_columns(wait=pl.when(wait >= 0).then(wait)), "at", width, _SUBJECTS, measures),
        *measured(runs.filter(backwards), "at", width, _SUBJECTS, faults),
    ]


def _periods(runs: pl.DataFrame) -> pl.DataFrame:
    return red_periods(runs).with_columns(subject_job=pl.concat_str("pipeline", "job", separator="/"))


def _green_parts(runs: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    periods = _periods(runs)
    seconds = (pl.col("green_at") - pl.col("red_at")).dt.total_milliseconds() / 1000
    over = periods.filter("timed").drop_nulls("green_at").with_columns(seconds=seconds)
    greens = [mean("time_to_green_mean_seconds", "seconds"), median("time_to_green_median_seconds", "seconds")]
    return [
        *measured(over, "green_at", width, _SUBJECTS, greens),
        *measured(periods, "red_at", width, _SUBJECTS, [count("outages", "outages", pl.len())]),
    ]


def _red_parts(runs: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    """How many lines are red at the end of each bucket in which builds ended."""
    periods = _periods(runs)
    turns = pl.concat(
        [
            periods.select(*_NAMES, at="red_at", turn=pl.lit(1, dtype=pl.Int64)),
            periods.drop_nulls("green_at").select(*_NAMES, at="green_at", turn=pl.lit(-1, dtype=pl.Int64)),
        ]
    ).sort("at")
    parts = []
    for dimension, subject in _SUBJECTS.items():
        named = (pl.lit("") if subject is None else pl.col(subject)).alias("subject")
        buckets = (
            runs.with_columns(named, ts=pl.col("at").dt.truncate(width))
            .filter((pl.col("subject") != "") | (subject is None))
            .group_by("ts", "subject")
            .agg(observations=pl.len().cast(pl.Int64))
            .with_columns(end=pl.col("ts").dt.offset_by(width))
            .sort("end")
        )
        levels = turns.with_columns(named).with_columns(value=pl.col("turn").cum_sum().over("subject"))
        at_end = buckets.join_asof(
            levels.select("subject", "at", "value"),
            left_on="end",
            right_on="at",
            by="subject",
            strategy="backward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        parts.append(
            at_end.select(
                "ts",
                pl.lit("jobs_red").alias("metric"),
                pl.lit(dimension).alias("dimension"),
                "subject",
                pl.lit("jobs").alias("unit"),
                pl.col("value").fill_null(0).cast(pl.Float64),
                pl.lit(None, dtype=pl.Float64).alias("low"),
                pl.lit(None, dtype=pl.Float64).alias("high"),
                "observations",
            )
        )
    return parts


def _test_parts(test_results: pl.DataFrame, runs: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    ran = test_results.filter(pl.col("status") != "skipped").join(
        runs.select("build_id", "at", *_NAMES), on="build_id", how="inner"
    )
    status = pl.col("status")
    flaky = status == "flaky"
    with_tests = pl.col("build_id").n_unique()
    measures = [
        count("test_runs", "tests", pl.len()),
        share("test_pass_ratio", status.is_in(["passed", "flaky"]).sum(), pl.len()),
        share("test_flaky_ratio", flaky.sum(), pl.len()),
        count("test_retries", "tries", (pl.col("attempts") - 1).sum(), pl.len()),
        share("flaky_build_ratio", pl.col("build_id").filter(flaky).n_unique(), with_tests),
    ]
    return measured(ran, "at", width, _SUBJECTS, measures)


def _step_parts(steps: pl.DataFrame | None, runs: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    if steps is None:
        return []
    timed = (
        steps.drop_nulls("duration_seconds")
        .join(runs.select("build_id", "at", "subject_job"), on="build_id", how="inner")
        .with_columns(subject_step=pl.concat_str("subject_job", "step", separator="/"))
    )
    measures = [
        median("step_duration_median_seconds", "duration_seconds"),
        percentile_95("step_duration_p95_seconds", "duration_seconds"),
    ]
    return measured(timed, "at", width, {"step": "subject_step"}, measures)


def _resource_parts(summed: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    grouped = merged(summed, width, "source", "metric")
    units = {name: unit_of(name) for name in grouped["metric"].unique().to_list()}
    return [
        grouped.select(
            "ts",
            (pl.col("metric") + f"_{statistic}").alias("metric"),
            pl.lit("source").alias("dimension"),
            pl.col("source").alias("subject"),
            pl.col("metric").replace_strict(units, return_dtype=pl.String).alias("unit"),
            pl.col(column).alias("value"),
            pl.lit(None, dtype=pl.Float64).alias("low"),
            pl.lit(None, dtype=pl.Float64).alias("high"),
            pl.col("samples").alias("observations"),
        )
        for statistic, column in (("mean", "mean"), ("max", "peak"))
        if units
    ]
