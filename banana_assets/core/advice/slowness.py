"""Where builds lose time: jobs and steps slower than they were, tests that take most of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from banana_assets.core.advice.finding import Finding
from banana_assets.core.advice.observed import Observed, job_name, named_test, target
from banana_assets.core.advice.rules import SLOWER, TEST_SHARE
from banana_assets.core.evidence import Citation, Evidence, fact, plural, seconds_text
from banana_assets.core.metrics.changes import duration_changes
from banana_assets.core.metrics.slowdown import mann_whitney_greater, slow_down
from banana_assets.core.text import cut

MOST_CHANCE = 0.01
"""That any of the series looked at is told without having become slower; divided by how many they are (Bonferroni)."""

SHORTEST = 1e-3
"""What a clock tells of a step that takes no time (s)."""

LOOKED_BACK = 200
MOST_BEFORE = 100
FEWEST_SINCE = 4
LEAST_OF_JOB = 0.05
"""A step is told alone where it grew by this share of its job's time."""

LONGEST_HEADING = 200
SHORTEST_TEST = 1.0
TESTED_BUILDS = 10


@dataclass(frozen=True)
class Slower:
    """A series that became slower: from which place on, the medians of both sides (s), and how many are new."""

    start: int
    before: float
    now: float
    chance: float
    recent: int

    @property
    def ratio(self) -> float:
        """How many times as long."""
        return self.now / self.before


def slower(seconds: NDArray[np.float64], tried: int) -> Slower | None:
    """Whether a series of durations (s, in order of time) takes longer now than before.

    The latest change point upwards, while the level has not come back; without one the last third against the up to
    hundred before. Both told only where Mann and Whitney's one-sided U gives a chance below MOST_CHANCE / ``tried``.
    """
    first = max(0, len(seconds) - LOOKED_BACK)
    recent = np.maximum(seconds[first:], SHORTEST)
    screened = slow_down(recent)
    if len(recent) < 10 or float(np.median(recent)) <= 0:
        return None
    ups = [c.start for c in duration_changes(recent) if c.after > c.before]
    starts = [ups[-1]] if ups else []
    if screened is not None and screened[2] < MOST_CHANCE:
        starts.append(len(recent) - screened[3])
    for start in starts:
        before, now = recent[:start][-MOST_BEFORE:], recent[start:]
        if len(now) < FEWEST_SINCE:
            continue
        chance = mann_whitney_greater(now, before)
        old, new = float(np.median(before)), float(np.median(now))
        if old > 0 and chance < MOST_CHANCE / max(1, tried) and new / old >= SLOWER.limits[0]:
            return Slower(first + start, old, new, chance, len(now))
    return None


def slow_steps(seen: Observed) -> list[Finding]:
    """Jobs whose successful builds take longer than they did, and what in them grew; steps of jobs that do not.

    One finding a job: where the job as a whole is slower, the step and the test that grew the most are named in it.
    """
    green = seen.ended.filter(~pl.col("red"))
    jobs = _groups(green.filter(pl.col("duration_seconds") > 0), "pipeline", "job")
    taken = (
        seen.steps.drop_nulls("duration_seconds")
        .group_by("build_id", "step", maintain_order=True)
        .agg(
            pl.col("duration_seconds").sum(),
            *(pl.col(c).first() for c in ("first_line", "heading", "log_sha256")),
        )
        .join(green.select("build_id", "pipeline", "job", "at"), on="build_id")
        .sort("at", "build_id")
    )
    steps = {key: _groups(group, "step") for key, group in _groups(taken, "pipeline", "job")}
    tried = len(jobs) + sum(len(s) for s in steps.values())
    found = []
    for key, group in jobs:
        mine = steps.get(key, [])
        change = slower(group["duration_seconds"].to_numpy().astype(np.float64), tried)
        if change is not None:
            found.append(_slow_job(key, group, change, mine, seen.tests))
            continue
        usual = float(np.median(group["duration_seconds"].to_numpy()))
        for (step,), times in mine:
            change = slower(times["duration_seconds"].to_numpy().astype(np.float64), tried) if len(mine) > 1 else None
            if change is not None and change.now - change.before >= LEAST_OF_JOB * usual:
                found.append(_slow_step(key, str(step), times, change))
    return found


def _slow_job(
    key: tuple[object, ...],
    group: pl.DataFrame,
    change: Slower,
    steps: list[tuple[tuple[object, ...], pl.DataFrame]],
    tests: pl.DataFrame,
) -> Finding:
    pipeline, job = map(str, key)
    name = job_name(pipeline, job)
    first, last = group.row(change.start, named=True), group.row(-1, named=True)
    text = (
        f"{name} takes {seconds_text(change.now)} (median of {plural(change.recent, 'build')}), x{change.ratio:.2f} of "
        f"the {seconds_text(change.before)} before."
    )
    evidence: list[Evidence] = [
        fact(f"first of the slower builds took {seconds_text(first['duration_seconds'])}", "builds", first["build_id"]),
        fact(f"latest took {seconds_text(last['duration_seconds'])}", "builds", last["build_id"]),
    ]
    grown = _grown([(str(step), times) for (step,), times in steps], first["at"]) if len(steps) > 1 else None
    if grown is not None:
        step, times, gain = grown
        text += f" The step `{_short(times['heading'][-1] or step)}` takes {seconds_text(gain)} more."
        evidence.append(_step_fact(times, "the step that grew the most"))
    of_job = tests.drop_nulls("duration_seconds").join(group.select("build_id", "at"), on="build_id").sort("at")
    by_name = of_job.with_columns(test=named_test()).partition_by("test", as_dict=True, maintain_order=True)
    grown = _grown([(str(test), times) for (test,), times in by_name.items()], first["at"])
    if grown is not None and grown[2] >= 0.2 * (change.now - change.before):
        test, times, gain = grown
        text += f" The test {test} takes {seconds_text(gain)} more."
        evidence.append(
            fact(f"the test that grew the most, by {seconds_text(gain)}", "test_results", _test_key(times, test))
        )
    return Finding(
        kind="slow_step",
        subject=name,
        severity=SLOWER.severity(change.ratio) or "low",
        description=text,
        value=change.now,
        baseline=change.before,
        unit="s",
        since=first["at"],
        until=last["at"],
        rule=f"{SLOWER.rule}; chance {change.chance:.1g}",
        target=target("job_duration", pipeline, job),
        evidence=tuple(evidence),
    )


def _slow_step(key: tuple[object, ...], step: str, times: pl.DataFrame, change: Slower) -> Finding:
    pipeline, job = map(str, key)
    first, last = times.row(change.start, named=True), times.row(-1, named=True)
    text = (
        f"The step `{_short(step)}` of {job_name(pipeline, job)} takes {seconds_text(change.now)} (median of "
        f"{plural(change.recent, 'build')}), x{change.ratio:.2f} of the {seconds_text(change.before)} before."
    )
    evidence = (
        fact(f"first of the slower ones took {seconds_text(first['duration_seconds'])}", "builds", first["build_id"]),
        _step_fact(times, "the latest"),
    )
    return Finding(
        kind="slow_step",
        subject=f"{job_name(pipeline, job)} step {step}",
        severity=SLOWER.severity(change.ratio) or "low",
        description=text,
        value=change.now,
        baseline=change.before,
        unit="s",
        since=first["at"],
        until=last["at"],
        rule=f"{SLOWER.rule}; chance {change.chance:.1g}",
        target=target("step_duration", pipeline, job, step),
        evidence=evidence,
    )


def _grown(parts: list[tuple[str, pl.DataFrame]], since: datetime) -> tuple[str, pl.DataFrame, float] | None:
    """The part (name and rows with ``at``) whose median grew the most since then, and by how much (s)."""
    best: tuple[str, pl.DataFrame, float] | None = None
    for name, times in parts:
        old = times.filter(pl.col("at") < since)["duration_seconds"]
        new = times.filter(pl.col("at") >= since)["duration_seconds"]
        if len(old) < 3 or len(new) < 3:
            continue
        gain = float(np.median(new.to_numpy()) - np.median(old.to_numpy()))
        if gain > 0 and (best is None or gain > best[2]):
            best = (name, times, gain)
    return best


def _step_fact(times: pl.DataFrame, what: str) -> Evidence:
    row = times.row(-1, named=True)
    cited: Citation | None = None
    if row["heading"].strip() and len(row["heading"]) < LONGEST_HEADING:
        cited = {
            "build_id": row["build_id"],
            "sha256": row["log_sha256"],
            "first_line": row["first_line"],
            "last_line": row["first_line"],
            "quote": row["heading"],
        }
    return fact(
        f"{what}: {seconds_text(row['duration_seconds'])}",
        "build_steps",
        f"{row['build_id']} {row['first_line']}",
        cited,
    )


def _test_key(times: pl.DataFrame, test: str) -> str:
    return f"{times['build_id'][-1]} {test}"


def slow_tests(seen: Observed) -> list[Finding]:
    """Single tests that take a quarter or more of all tests' time, in the latest ten tested builds of a pipeline."""
    timed = seen.tests.filter(pl.col("duration_seconds") > 0).join(
        seen.ended.select("build_id", "pipeline", "at"), on="build_id", how="inner"
    )
    found = []
    for (pipeline,), group in _groups(timed.with_columns(test=named_test()), "pipeline"):
        tested = group.select("build_id", "at").unique().sort("at", "build_id").tail(TESTED_BUILDS)
        recent = group.filter(pl.col("build_id").is_in(tested["build_id"].implode())).sort("at", "build_id")
        total = float(recent["duration_seconds"].sum())
        tests = recent.group_by("test", maintain_order=True).agg(
            seconds=pl.col("duration_seconds").sum(),
            median=pl.col("duration_seconds").median(),
            runs=pl.len(),
            build=pl.col("build_id").last(),
        )
        if tests.height < 4:
            continue
        usual = float(np.median(tests["median"].to_numpy()))
        for row in tests.sort("seconds", "test", descending=[True, False]).head(3).iter_rows(named=True):
            share = row["seconds"] / total
            severity = TEST_SHARE.severity(share)
            if severity is None or row["median"] < SHORTEST_TEST:
                continue
            text = (
                f"Test {row['test']} takes {seconds_text(row['median'])}, {share:.0%} of the test time of {pipeline}; "
                f"a usual test takes {seconds_text(usual)}."
            )
            shown = fact(
                f"{share:.0%} of {seconds_text(total)} in {plural(row['runs'], 'run')}",
                "test_results",
                f"{row['build']} {row['test']}",
            )
            found.append(
                Finding(
                    kind="slow_step",
                    subject=f"{pipeline} test {row['test']}",
                    severity=severity,
                    description=text,
                    value=row["median"],
                    baseline=usual,
                    unit="s",
                    since=_long_since(group.filter(pl.col("test") == row["test"]), row["median"]),
                    until=tested["at"][-1],
                    rule=TEST_SHARE.rule,
                    target=target("test_duration", str(pipeline), "", row["test"]),
                    evidence=(shown,),
                )
            )
    return found


def _long_since(runs: pl.DataFrame, now: float) -> datetime:
    """The first run of the latest stretch in which a test took at least half of what it takes now."""
    ordered = runs.sort("at", "build_id")
    brief = (ordered["duration_seconds"] < now / 2).arg_true()
    return ordered["at"][min(int(brief[-1]) + 1, ordered.height - 1) if len(brief) else 0]  # type: ignore[no-any-return]


def _groups(frame: pl.DataFrame, *by: str) -> list[tuple[tuple[object, ...], pl.DataFrame]]:
    parts = frame.partition_by(*by, as_dict=True, maintain_order=True)
    return sorted(parts.items(), key=lambda item: tuple(map(str, item[0])))


def _short(name: str, most: int = 80) -> str:
    return cut(name, most)
