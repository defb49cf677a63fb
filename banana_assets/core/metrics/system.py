"""System metrics by hour and day: how much is logged, built and used, how often it fails, how long it takes."""

from __future__ import annotations

import polars as pl

from banana_assets.core.metrics.runs import ended, red_periods
from banana_assets.core.tables.metrics import SYSTEM_METRICS

BUCKETS = {"hour": "1h", "day": "1d"}
WARN, ERROR = 13, 17
"""First OpenTelemetry severity number of the level."""

_COLUMNS = ["granularity", "ts", "metric", "dimension", "subject", "value", "observations"]


def system_metrics(
    shapes: pl.DataFrame,
    builds: pl.DataFrame,
    test_results: pl.DataFrame,
    samples: pl.DataFrame,
    patterns: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """SYSTEM_METRICS out of LOG_SHAPES, BUILDS, TEST_RESULTS, RESOURCE_SAMPLES and (for new patterns) LOG_PATTERNS.

    ======================================  ========================================================================
    log_events, log_errors, log_warnings    events an hour or day, by source and for all; errors: severity 17 and up
    log_error_ratio, log_warning_ratio      share of the events, 0..1
    log_new_patterns                        patterns first seen in the bucket
    builds, build_failures                  ended builds and those that failed, by pipeline, branch and for all
    build_failure_ratio                     share of the ended builds; cancelled ones do not count
    build_duration_{median,p95}_seconds     of ended builds with a duration
    build_queue_{median,p95}_seconds        from asked to begun
    time_to_green_median_seconds            from the first failure of a job on a branch to its next success,
                                            in the bucket of that success
    test_runs, test_pass_ratio,             tests that ran (skipped ones do not count), share that passed at the
    test_flaky_ratio                        first try or a later one, share that needed a later one
    <resource metric>_{mean,max}            by source
    ======================================  ========================================================================

    Events without a time are in no bucket. Buckets are UTC.
    """
    runs = ended(builds)
    parts: list[pl.DataFrame] = []
    for granularity, width in BUCKETS.items():
        found = [
            *_log_parts(shapes, width),
            *_build_parts(runs, width),
            *_green_parts(runs, width),
            *_test_parts(test_results, runs, width),
            *_resource_parts(samples, width),
        ]
        if patterns is not None:
            found += _pattern_parts(patterns, width)
        parts += [f.with_columns(granularity=pl.lit(granularity)).select(_COLUMNS) for f in found if f.height]
    if not parts:
        return SYSTEM_METRICS.empty()
    whole = pl.concat(parts, how="vertical_relaxed").sort(*SYSTEM_METRICS.key)
    return SYSTEM_METRICS.conform(whole)


def _long(frame: pl.DataFrame, dimension: str, subject: str | None, observations: str) -> pl.DataFrame:
    """One row a metric: every column but ts, the subject's and the observations' is a metric."""
    index = ["ts", observations, *([subject] if subject else [])]
    metrics = [c for c in frame.columns if c not in index]
    long = frame.with_columns(pl.col(metrics).cast(pl.Float64)).unpivot(
        metrics, index=index, variable_name="metric", value_name="value"
    )
    return long.drop_nulls("value").select(
        "ts",
        "metric",
        pl.lit(dimension).alias("dimension"),
        (pl.col(subject) if subject else pl.lit("")).alias("subject"),
        "value",
        pl.col(observations).cast(pl.Int64).alias("observations"),
    )


def _by(
    frame: pl.DataFrame, time: str, width: str, subjects: dict[str, str | None], *measures: pl.Expr
) -> list[pl.DataFrame]:
    """The measures by bucket and each subject (dimension name to column, None for all); ``n`` counts observations."""
    if not frame.height:
        return []
    bucketed = frame.with_columns(ts=pl.col(time).dt.truncate(width))
    parts = []
    for dimension, subject in subjects.items():
        keys = ["ts", *([subject] if subject else [])]
        parts.append(_long(bucketed.group_by(keys).agg(*measures), dimension, subject, "n"))
    return parts


def _log_parts(shapes: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    severity = pl.col("severity_number")
    events = pl.col("events")
    errors = events.filter(severity >= ERROR).sum()
    warnings = events.filter(severity.is_between(WARN, ERROR - 1)).sum()
    return _by(
        shapes.drop_nulls("hour"),
        "hour",
        width,
        {"source": "source", "all": None},
        events.sum().alias("n"),
        events.sum().alias("log_events"),
        errors.alias("log_errors"),
        warnings.alias("log_warnings"),
        (errors / events.sum()).alias("log_error_ratio"),
        (warnings / events.sum()).alias("log_warning_ratio"),
    )


def _pattern_parts(patterns: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    seen = patterns.drop_nulls("first_seen")
    return _by(seen, "first_seen", width, {"all": None}, pl.len().alias("n"), pl.len().alias("log_new_patterns"))


def _build_parts(runs: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    wait = (pl.col("started_at") - pl.col("queued_at")).dt.total_milliseconds() / 1000
    timed = runs.with_columns(wait=pl.when(wait >= 0).then(wait))
    duration = pl.col("duration_seconds")
    return _by(
        timed.with_columns(named_branch=pl.when(pl.col("branch") != "").then("branch")),
        "at",
        width,
        {"pipeline": "pipeline", "all": None},
        pl.len().alias("n"),
        pl.len().alias("builds"),
        pl.col("red").sum().alias("build_failures"),
        pl.col("red").mean().alias("build_failure_ratio"),
        duration.median().alias("build_duration_median_seconds"),
        duration.quantile(0.95, "linear").alias("build_duration_p95_seconds"),
        pl.col("wait").median().alias("build_queue_median_seconds"),
        pl.col("wait").quantile(0.95, "linear").alias("build_queue_p95_seconds"),
    ) + _by(
        timed.filter(pl.col("branch") != ""),
        "at",
        width,
        {"branch": "branch"},
        pl.len().alias("n"),
        pl.len().alias("builds"),
        pl.col("red").sum().alias("build_failures"),
        pl.col("red").mean().alias("build_failure_ratio"),
        duration.median().alias("build_duration_median_seconds"),
    )


def _green_parts(runs: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    periods = red_periods(runs).drop_nulls("green_at")
    seconds = (pl.col("green_at") - pl.col("red_at")).dt.total_milliseconds() / 1000
    return _by(
        periods.with_columns(seconds=seconds),
        "green_at",
        width,
        {"pipeline": "pipeline", "all": None},
        pl.len().alias("n"),
        pl.col("seconds").median().alias("time_to_green_median_seconds"),
    )


def _test_parts(test_results: pl.DataFrame, runs: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    ran = test_results.filter(pl.col("status") != "skipped").join(
        runs.select("build_id", "pipeline", "at"), on="build_id", how="inner"
    )
    status = pl.col("status")
    return _by(
        ran,
        "at",
        width,
        {"pipeline": "pipeline", "all": None},
        pl.len().alias("n"),
        pl.len().alias("test_runs"),
        status.is_in(["passed", "flaky"]).mean().alias("test_pass_ratio"),
        (status == "flaky").mean().alias("test_flaky_ratio"),
    )


def _resource_parts(samples: pl.DataFrame, width: str) -> list[pl.DataFrame]:
    read = samples.filter(pl.col("value").is_finite())
    if not read.height:
        return []
    grouped = (
        read.with_columns(ts=pl.col("ts").dt.truncate(width))
        .group_by("ts", "source", "metric")
        .agg(n=pl.len(), mean=pl.col("value").mean(), max=pl.col("value").max())
    )
    return [
        grouped.select(
            "ts",
            (pl.col("metric") + f"_{statistic}").alias("metric"),
            pl.lit("source").alias("dimension"),
            pl.col("source").alias("subject"),
            pl.col(statistic).alias("value"),
            pl.col("n").cast(pl.Int64).alias("observations"),
        )
        for statistic in ("mean", "max")
    ]
