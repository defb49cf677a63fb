"""What must hold between tables. Each function answers the rows that break the rule; none means that it holds."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from banana_assets.core.metrics.runs import ENDED

Frame = pl.DataFrame | pl.LazyFrame


def _lazy(frame: Frame) -> pl.LazyFrame:
    return frame.lazy()


def lines_outside_events(log_files: Frame, log_events: Frame) -> pl.DataFrame:
    """Files whose lines are not each in exactly one event.

    Columns: file_id, lines, covered (lines in events, counted as often as they occur), last_line.
    """
    covered = (
        _lazy(log_events)
        .group_by("file_id")
        .agg(
            (pl.col("last_line") - pl.col("first_line") + 1).sum().alias("covered"),
            pl.col("first_line").n_unique().alias("starts"),
            pl.len().alias("events"),
        )
    )
    return (
        _lazy(log_files)
        .select("file_id", "lines")
        .join(covered, on="file_id", how="inner")
        .filter((pl.col("lines") != pl.col("covered")) | (pl.col("starts") != pl.col("events")))
        .select("file_id", "lines", "covered")
        .sort("file_id")
        .collect(engine="streaming")
    )


def uncounted_events(log_events: Frame, log_shapes: Frame) -> pl.DataFrame:
    """Files whose events are not all counted by their shapes. Columns: file_id, events, counted."""
    counted = _lazy(log_shapes).group_by("file_id").agg(pl.col("events").sum().alias("counted"))
    return (
        _lazy(log_events)
        .group_by("file_id")
        .agg(pl.len().cast(pl.Int64).alias("events"))
        .join(counted, on="file_id", how="left")
        .filter(pl.col("events") != pl.col("counted").fill_null(0))
        .sort("file_id")
        .collect(engine="streaming")
    )


def shapes_outside_patterns(log_shapes: Frame, log_patterns: Frame) -> pl.DataFrame:
    """Shapes that are in no pattern or in several. Columns: shape_id, patterns."""
    held = (
        _lazy(log_patterns)
        .select(pl.col("shapes").explode().alias("shape_id"))
        .group_by("shape_id")
        .agg(pl.len().cast(pl.Int64).alias("patterns"))
    )
    return (
        _lazy(log_shapes)
        .select(pl.col("shape_id").unique())
        .join(held, on="shape_id", how="left")
        .with_columns(pl.col("patterns").fill_null(0))
        .filter(pl.col("patterns") != 1)
        .sort("shape_id")
        .collect()
    )


def miscounted_patterns(log_shapes: Frame, log_patterns: Frame) -> pl.DataFrame:
    """Patterns whose frequency is not the sum over their shapes. Columns: pattern_id, frequency, counted."""
    counts = _lazy(log_shapes).group_by("shape_id").agg(pl.col("events").sum())
    return (
        _lazy(log_patterns)
        .select("pattern_id", "frequency", pl.col("shapes").alias("shape_id"))
        .explode("shape_id")
        .join(counts, on="shape_id", how="left")
        .group_by("pattern_id", "frequency")
        .agg(pl.col("events").sum().alias("counted"))
        .filter(pl.col("frequency") != pl.col("counted"))
        .sort("pattern_id")
        .collect()
    )


def unexplained_failures(builds: Frame, build_failures: Frame) -> pl.DataFrame:
    """Failed builds with a log but without a diagnosis. Columns: build_id, pipeline, job."""
    return (
        _lazy(builds)
        .filter(pl.col("status").is_in(["failed", "error"]), pl.col("log_sha256").is_not_null())
        .join(_lazy(build_failures), on="build_id", how="anti")
        .select("build_id", "pipeline", "job")
        .sort("build_id")
        .collect()
    )


def empty_packs(build_failures: Frame) -> pl.DataFrame:
    """Diagnoses that hand over no evidence. Columns: build_id, category."""
    return (
        _lazy(build_failures)
        .filter(pl.col("pack").str.strip_chars().str.len_chars() == 0)
        .select("build_id", "category")
        .sort("build_id")
        .collect()
    )


def orphans(child: Frame, parent: Frame, column: str) -> pl.DataFrame:
    """Values of ``column`` in the child that the parent does not have."""
    return (
        _lazy(child)
        .filter(pl.col(column).is_not_null())
        .select(pl.col(column).unique())
        .join(_lazy(parent), on=column, how="anti")
        .sort(column)
        .collect()
    )


def disordered_intervals(predictions: Frame) -> pl.DataFrame:
    """Forecasts whose bounds are not in order."""
    ordered = (
        (pl.col("lo95") <= pl.col("lo80"))
        & (pl.col("lo80") <= pl.col("predicted_usage"))
        & (pl.col("predicted_usage") <= pl.col("hi80"))
        & (pl.col("hi80") <= pl.col("hi95"))
    )
    return _lazy(predictions).filter(~ordered).sort("source", "metric", "ts").collect()


def missed_intervals(predictions: Frame, least: float = 0.65, readings: int = 200) -> pl.DataFrame:
    """Series and models whose past 80 % intervals held less often than ``least``, where enough has been read since."""
    return (
        _lazy(predictions)
        .drop_nulls("inside80")
        .group_by("source", "metric", "model")
        .agg(readings=pl.len(), inside80=pl.col("inside80").mean(), inside95=pl.col("inside95").mean())
        .filter((pl.col("readings") >= readings) & (pl.col("inside80") < least))
        .sort("inside80", "source", "metric", "model")
        .collect()
    )


def negative_forecasts(predictions: Frame, resource_usage: Frame) -> pl.DataFrame:
    """Forecasts below zero of series that never were."""
    never = (
        _lazy(resource_usage)
        .group_by("source", "metric")
        .agg(pl.col("mean").min().alias("least"))
        .filter(pl.col("least") >= 0)
    )
    return (
        _lazy(predictions)
        .join(never, on=["source", "metric"], how="semi")
        .filter(pl.col("lo95") < 0)
        .sort("source", "metric", "ts")
        .collect()
    )


def baseless(advice: Frame, key: str) -> pl.DataFrame:
    """Rows that say something without evidence."""
    return _lazy(advice).filter(pl.col("evidence").list.len() == 0).select(key).sort(key).collect()


def wrong_scores(build_health: Frame) -> pl.DataFrame:
    """Pipelines whose score is not 100 less the points of its deductions. Columns: pipeline, score, points."""
    points = pl.col("deductions").list.eval(pl.element().struct.field("points")).list.sum()
    return (
        _lazy(build_health)
        .select("pipeline", "score", points.alias("points"))
        .filter((pl.col("score") + pl.col("points") - 100).abs() > 0.01)
        .sort("pipeline")
        .collect()
    )


def failures_outside_clusters(build_failures: Frame, builds: Frame, failure_clusters: Frame) -> pl.DataFrame:
    """Diagnosed builds that failed and are in no cluster or in several. Columns: build_id, clusters."""
    held = (
        _lazy(failure_clusters)
        .select(pl.col("builds").explode().alias("build_id"))
        .group_by("build_id")
        .agg(pl.len().cast(pl.Int64).alias("clusters"))
    )
    failed = _lazy(builds).filter(pl.col("status").is_in(["failed", "error"]))
    return (
        _lazy(build_failures)
        .join(failed, on="build_id", how="semi")
        .select("build_id")
        .join(held, on="build_id", how="full", coalesce=True)
        .with_columns(pl.col("clusters").fill_null(0))
        .filter(pl.col("clusters") != 1)
        .sort("build_id")
        .collect()
    )


def misplaced_rates(frame: Frame, rate: str, *, key: str = "test_id", ends: str = "") -> pl.DataFrame:
    """Rows whose rate is not within its interval, ``{ends}_low`` to ``{ends}_high`` (``ends`` is the rate unless told).
    Columns: the key, the rate, its low and high end."""
    low, high = pl.col(f"{ends or rate}_low"), pl.col(f"{ends or rate}_high")
    slack = 1e-9
    within = (low <= pl.col(rate) + slack) & (pl.col(rate) <= high + slack)
    return (
        _lazy(frame)
        .filter((~within).fill_null(value=False) | (low > high))
        .select(key, rate, low, high)
        .sort(key)
        .collect()
    )


def outlived_quarantines(flaky_tests: Frame, today: date) -> pl.DataFrame:
    """Tests that are in quarantine on or after the day on which it ends. Columns: test_id, title, quarantined_until."""
    return (
        _lazy(flaky_tests)
        .filter(
            pl.col("quarantine") == "active",
            (pl.col("quarantined_until") <= today).fill_null(value=True),
        )
        .select("test_id", "title", "quarantined_until")
        .sort("test_id")
        .collect()
    )


def uncounted_builds(builds: Frame, system_metrics: Frame) -> pl.DataFrame:
    """Granularities whose builds do not add up to those that ended. Columns: granularity, counted, ended."""
    n = _lazy(builds).filter(pl.col("status").is_in(ENDED)).select(pl.len()).collect().item()
    counted = (
        _lazy(system_metrics)
        .filter(pl.col("metric") == "builds", pl.col("dimension") == "all")
        .group_by("granularity")
        .agg(counted=pl.col("value").sum())
        .collect()
    )
    whole = pl.DataFrame({"granularity": ["day", "hour"]}).join(counted, on="granularity", how="left")
    return whole.with_columns(pl.col("counted").fill_null(0.0), ended=pl.lit(n)).filter(pl.col("counted") != n)


def impossible_metrics(system_metrics: Frame) -> pl.DataFrame:
    """Counts, shares and durations below 0, shares above 1, values outside their interval; of resources nothing is
    known."""
    value = pl.col("value")
    wrong = (value < 0) | ((pl.col("unit") == "1") & (value > 1)) | (value < pl.col("low")) | (value > pl.col("high"))
    return (
        _lazy(system_metrics)
        .filter((pl.col("dimension") != "source") | pl.col("metric").str.starts_with("log_"))
        .filter(wrong.fill_null(value=False))
        .select("granularity", "ts", "metric", "subject", "value")
        .sort("ts", "metric", "subject")
        .collect()
    )


def miscounted_readings(resource_rollups: Frame, resource_usage: Frame) -> pl.DataFrame:
    """Series whose intervals do not hold each reading once. Columns: source, metric, readings, counted."""
    key = ["source", "metric"]
    counted = _lazy(resource_usage).group_by(key).agg(counted=pl.col("samples").sum())
    return (
        _lazy(resource_rollups)
        .group_by(key)
        .agg(readings=pl.col("samples").sum())
        .join(counted, on=key, how="left")
        .filter(pl.col("readings") != pl.col("counted").fill_null(0))
        .sort(key)
        .collect()
    )


def later_than(frame: Frame, column: str, moment: datetime) -> pl.DataFrame:
    """Rows whose time is later than a moment, the first of each time."""
    return (
        _lazy(frame)
        .filter(pl.col(column) > moment)
        .unique(column, keep="first", maintain_order=True)
        .sort(column)
        .collect()
    )


def misjudged_plans(plan_outcomes: Frame, builds: Frame) -> pl.DataFrame:
    """Verdicts that the builds named for them do not bear out: unknown builds, fixed by a red one, recurred by a green
    one, or decided outside the horizon. Columns: plan_id, outcome, build_id, problem."""
    known = _lazy(builds).select("build_id", "status")
    told = _lazy(plan_outcomes).filter(pl.col("kind") == "failure", pl.col("outcome").is_in(["fixed", "recurred"]))
    named = told.select("plan_id", "outcome", pl.col("decided_by").alias("build_id")).explode(
        "build_id", empty_as_null=True
    )
    green = pl.col("status") == "success"
    problem = (
        pl.when(pl.col("build_id").is_null())
        .then(pl.lit("no build is named"))
        .when(pl.col("status").is_null())
        .then(pl.lit("there is no such build"))
        .when((pl.col("outcome") == "fixed") & ~green)
        .then(pl.lit("it did not succeed"))
        .when((pl.col("outcome") == "recurred") & green)
        .then(pl.lit("it succeeded"))
    )
    wrong = named.join(known, on="build_id", how="left").with_columns(problem=problem).drop("status")
    outside = ~pl.col("decided_at").is_between("in_place_at", "decide_by")
    nothing, why = pl.lit(None, dtype=pl.String), pl.lit("it was decided outside its horizon")
    late = told.filter(outside).select("plan_id", "outcome", build_id=nothing, problem=why)
    return pl.concat([wrong.drop_nulls("problem"), late]).sort("plan_id", "build_id").collect()


def planless_templates(plan_templates: Frame, plans: Frame) -> pl.DataFrame:
    """Templates that were made here and name a plan that there is not. Columns: template_id, plan_id (null: none)."""
    made = _lazy(plan_templates).filter(pl.col("origin") == "plans")
    named = made.select("template_id", pl.col("plans").alias("plan_id")).explode("plan_id", empty_as_null=True)
    missing = named.join(_lazy(plans).select("plan_id"), on="plan_id", how="anti")
    return missing.sort("template_id", "plan_id").collect()


def misjudged_queues(queue_schedules: Frame) -> pl.DataFrame:
    """Queues whose saving is not the difference of the two waits, or whose verdict its interval does not bear out."""
    saved = pl.col("first_come_wait") - pl.col("ordered_wait")
    slack = 1e-6 * (1 + pl.col("first_come_wait"))
    clear = (
        pl.when(pl.col("verdict") == "saves")
        .then(pl.col("saved_low") > 0)
        .when(pl.col("verdict") == "loses")
        .then(pl.col("saved_high") < 0)
        .when(pl.col("verdict") == "saves_nothing")
        .then(pl.max_horizontal(-pl.col("saved_low"), "saved_high") <= 0.05 * pl.col("first_come_wait") + slack)
        .otherwise(True)
    )
    wrong = ((saved - pl.col("saved_seconds")).abs() > slack) | ~clear.fill_null(False)
    return _lazy(queue_schedules).filter(wrong).select("queue_id", "queue", "verdict", "saved_seconds").collect()


def closed_windows(execution_windows: Frame, queue_schedules: Frame) -> pl.DataFrame:
    """Windows that end before they begin, whose best time lies outside, or of no queue that is known."""
    inside = (pl.col("begins_at") <= pl.col("best_at")) & (pl.col("best_at") < pl.col("ends_at"))
    windows = _lazy(execution_windows).select("queue_id", "kind", "host", "begins_at", "ends_at", "best_at")
    known = _lazy(queue_schedules).select("queue_id", known=pl.lit(True))
    return (
        windows.join(known, on="queue_id", how="left")
        .filter(~inside | pl.col("known").is_null())
        .drop("known")
        .sort("queue_id", "begins_at")
        .collect()
    )
