"""Where builds lose time: jobs slower than they were, tests that take most of it, queues."""

from __future__ import annotations

import numpy as np
import polars as pl

from banana_assets.core.advice.finding import Finding, Scale
from banana_assets.core.evidence import fact, plural, seconds_text
from banana_assets.core.metrics.health import slow_down
from banana_assets.core.metrics.runs import ended

SLOWER = Scale("median duration of the recent builds over the median before", (1.1, 1.25, 1.5, 2.0))
WAITING = Scale("median wait over median run time", (0.1, 0.25, 0.5, 1.0))
TEST_SHARE = Scale("share of the time of all tests of a build", (0.25, 0.4, 0.6, 0.8))

MOST_CHANCE = 0.01
FEWEST_WAITS = 5
SHORTEST_WAIT = 30.0
SHORTEST_TEST = 1.0


def slow_jobs(builds: pl.DataFrame) -> list[Finding]:
    """Jobs whose successful builds take longer than they did.

    The last third of the durations (5 to 20 builds) against the up to 100 before (at least 10), by medians; told when
    the shift is no chance (one-sided Mann-Whitney U, p < .01).
    """
    runs = ended(builds).filter(~pl.col("red") & pl.col("duration_seconds").is_not_null())
    found = []
    for (pipeline, job), group in _groups(runs, "pipeline", "job"):
        result = slow_down(group["duration_seconds"].to_numpy().astype(np.float64))
        if result is None or result[1] <= 0 or result[2] >= MOST_CHANCE:
            continue
        now, before, chance, recent = result
        severity = SLOWER.severity(now / before)
        if severity is None:
            continue
        first = group.row(group.height - recent, named=True)
        text = (
            f"{_job(pipeline, job)} takes {seconds_text(now)} (median of {plural(recent, 'build')}), "
            f"x{now / before:.2f} of the {seconds_text(before)} before."
        )
        found.append(
            Finding(
                "slow_step",
                _job(pipeline, job),
                severity,
                text,
                now,
                before,
                "s",
                first["at"],
                f"{SLOWER.rule}; Mann-Whitney p {chance:.2g}",
                (
                    fact(
                        f"first of the slower builds took {seconds_text(first['duration_seconds'])}",
                        "builds",
                        first["build_id"],
                    ),
                    fact(f"latest took {seconds_text(group['duration_seconds'][-1])}", "builds", group["build_id"][-1]),
                ),
            )
        )
    return found


def slow_tests(builds: pl.DataFrame, test_results: pl.DataFrame) -> list[Finding]:
    """Single tests that take a quarter or more of all tests' time, in the latest ten tested builds of a pipeline."""
    timed = test_results.filter(pl.col("duration_seconds") > 0).join(
        ended(builds).select("build_id", "pipeline", "at"), on="build_id", how="inner"
    )
    found = []
    for (pipeline,), group in _groups(timed, "pipeline"):
        latest = group.select("build_id", "at").unique().sort("at", "build_id").tail(10)["build_id"]
        recent = group.filter(pl.col("build_id").is_in(latest.implode()))
        total = float(recent["duration_seconds"].sum())
        by = ["suite", "classname", "name"]
        tests = recent.group_by(by).agg(
            seconds=pl.col("duration_seconds").sum(),
            median=pl.col("duration_seconds").median(),
            runs=pl.len(),
            build=pl.col("build_id").last(),
        )
        if tests.height < 4:
            continue
        usual = float(np.median(tests["median"].to_numpy()))
        for row in tests.sort("seconds", *by, descending=[True, False, False, False]).head(3).iter_rows(named=True):
            share = row["seconds"] / total
            severity = TEST_SHARE.severity(share)
            if severity is None or row["median"] < SHORTEST_TEST:
                continue
            name = "::".join(p for p in (row["classname"] or row["suite"], row["name"]) if p)
            text = (
                f"Test {name} takes {seconds_text(row['median'])}, {share:.0%} of the test time of {pipeline}; "
                f"a usual test takes {seconds_text(usual)}."
            )
            shown = fact(
                f"{share:.0%} of {seconds_text(total)} in {plural(row['runs'], 'run')}",
                "test_results",
                f"{row['build']} {name}",
            )
            found.append(
                Finding(
                    "slow_step",
                    f"{pipeline} test {name}",
                    severity,
                    text,
                    row["median"],
                    usual,
                    "s",
                    None,
                    TEST_SHARE.rule,
                    (shown,),
                )
            )
    return found


def queues(builds: pl.DataFrame) -> list[Finding]:
    """Pipelines whose builds wait before they run.

    With the arrival rate (builds an hour) and the mean wait, Little's law gives the builds that wait at a time:
    L = lambda W (J. D. C. Little, "A proof for the queuing formula L = lambda W", 1961). Five builds with both times;
    a median wait under half a minute is no queue, since a runner needs as long to pick a build up.
    """
    wait = (pl.col("started_at") - pl.col("queued_at")).dt.total_milliseconds() / 1000
    timed = builds.with_columns(wait=wait).filter(pl.col("wait") >= 0).sort("queued_at", "build_id")
    found = []
    for (pipeline,), group in _groups(timed, "pipeline"):
        ran = group.drop_nulls("duration_seconds")
        if group.height < FEWEST_WAITS or not ran.height:
            continue
        waits, run = group["wait"].to_numpy(), float(np.median(ran["duration_seconds"].to_numpy()))
        median = float(np.median(waits))
        severity = WAITING.severity(median / run) if run > 0 else None
        hours = (group["queued_at"][-1] - group["queued_at"][0]).total_seconds() / 3600
        if severity is None or hours <= 0 or median < SHORTEST_WAIT:
            continue
        rate = (group.height - 1) / hours
        waiting = rate * float(np.mean(waits)) / 3600
        running = rate * float(np.mean(ran["duration_seconds"].to_numpy())) / 3600
        worst = group.sort("wait", "build_id").row(-1, named=True)
        text = (
            f"Builds of {pipeline} wait {seconds_text(median)} (median) before a run of {seconds_text(run)}; "
            f"at {rate:.3g} builds an hour {waiting:.2g} wait and {running:.2g} run at a time."
        )
        longest = fact(f"waited {seconds_text(worst['wait'])}", "builds", worst["build_id"])
        found.append(
            Finding(
                "queue",
                str(pipeline),
                severity,
                text,
                median,
                run,
                "s",
                group["queued_at"][0],
                WAITING.rule,
                (longest,),
            )
        )
    return found


def _groups(frame: pl.DataFrame, *by: str) -> list[tuple[tuple[object, ...], pl.DataFrame]]:
    parts = frame.partition_by(*by, as_dict=True, maintain_order=True)
    return sorted(parts.items(), key=lambda item: tuple(map(str, item[0])))


def _job(pipeline: object, job: object) -> str:
    return f"{pipeline} / {job}" if job and job != pipeline else str(pipeline)
