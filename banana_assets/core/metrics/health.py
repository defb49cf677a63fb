"""Health of pipelines: 0 to 100, with what cost each point and how sure the score is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from banana_assets.core.evidence import Evidence, fact, plural, seconds_text
from banana_assets.core.metrics.rates import BetaPrior, fit_prior
from banana_assets.core.metrics.runs import ended, red_periods
from banana_assets.core.tables.metrics import BUILD_HEALTH

RECENT_BUILDS = 50
RECENT_DAYS = 30
SHOWN_DEDUCTIONS = 12

POINTS = {"failures": 50.0, "red": 20.0, "slower": 15.0, "flaky": 10.0, "repeated": 5.0}


@dataclass(frozen=True)
class Deduction:
    """Points lost, why, and the row that shows it."""

    points: float
    reason: str
    evidence: Evidence


@dataclass(frozen=True)
class _Health:
    pipeline: str
    as_of: object
    builds: int
    low: float
    high: float
    deductions: tuple[Deduction, ...]

    @property
    def score(self) -> float:
        return max(0.0, 100.0 - sum(d.points for d in self.deductions))


def build_health(
    builds: pl.DataFrame, failures: pl.DataFrame, test_results: pl.DataFrame | None = None
) -> pl.DataFrame:
    """BUILD_HEALTH out of BUILDS, BUILD_FAILURES and TEST_RESULTS: a row a pipeline and one, named "", for all.

    A pipeline is judged by its last 50 ended builds, none older than 30 days before its latest. The score is 100 less

    - **failures**, up to 50: 50 p, where p is the failure rate shrunk to what the pipelines have in common
      (Beta-binomial, prior by moments over all pipelines and all their builds);
    - **red**, up to 20: 20 times the share of the time from the first to the last of these builds in which a job was
      red (on its branch, from a failure to the next success), the mean of its jobs weighted by their builds; a single
      build that failed counts as red all the time;
    - **slower**, up to 15: 15 min(1, log2 r), where r is the median duration of the last third of the successful
      builds of a job over that of the ones before, where there are at least five and ten, r is above 1.1 and the
      shift is no chance (Mann-Whitney U, one-sided, p < .01); the worst job counts;
    - **flaky**, up to 10: 10 min(1, f / 0.2), f the share of builds with a test that passed only when tried again;
    - **repeated**, up to 5: 5 times the share of failures whose fingerprint had failed before.

    The interval is the 95 % posterior interval of p with the other deductions held. The row for all weighs pipelines
    by their builds; its interval adds their half-widths in quadrature.
    Source for the interval: Brown, Cai and DasGupta, "Interval estimation for a binomial proportion" (2001).
    """
    runs = ended(builds)
    if not runs.height:
        return BUILD_HEALTH.empty()
    counts = runs.group_by("pipeline").agg(hits=pl.col("red").sum(), n=pl.len()).sort("pipeline")
    prior = fit_prior(counts["hits"].to_list(), counts["n"].to_list())
    rows = [
        _pipeline(str(name), runs.filter(pl.col("pipeline") == name), failures, test_results, prior)
        for name in counts["pipeline"]
    ]
    shown = [_all(rows), *(h for h in rows if h.pipeline)]
    return BUILD_HEALTH.conform(pl.DataFrame([_row(h) for h in shown], schema=BUILD_HEALTH.dtypes))


def _row(health: _Health) -> dict[str, object]:
    score = health.score
    return {
        "pipeline": health.pipeline,
        "as_of": health.as_of,
        "score": score,
        "score_low": min(max(0.0, health.low), score),
        "score_high": max(min(100.0, health.high), score),
        "builds": health.builds,
        "deductions": [
            {"points": d.points, "reason": d.reason, "evidence": d.evidence}
            for d in sorted(health.deductions, key=lambda d: (-d.points, d.reason))
        ],
    }


def _pipeline(
    name: str, runs: pl.DataFrame, failures: pl.DataFrame, test_results: pl.DataFrame | None, prior: BetaPrior
) -> _Health:
    last = runs["at"][-1]
    recent = runs.filter(pl.col("at") >= last - timedelta(days=RECENT_DAYS)).tail(RECENT_BUILDS)
    n, red = recent.height, int(recent["red"].sum())
    rate = prior.mean(red, n)
    low, high = prior.interval(red, n)
    found = [
        _failure_rate(name, recent, red, n, rate),
        _time_red(name, recent),
        _slower(runs),
        _flaky(recent, test_results),
        _repeated(runs, recent, failures),
    ]
    deductions = tuple(d for d in found if d is not None and d.points >= 0.05)
    rest = 100 - sum(d.points for d in deductions if d is not found[0])
    points = POINTS["failures"]
    return _Health(name, last, n, rest - points * high, rest - points * low, deductions)


def _failure_rate(name: str, recent: pl.DataFrame, red: int, n: int, rate: float) -> Deduction:
    example = recent.filter("red")["build_id"]
    text = f"{red} of the last {plural(n, 'build')} failed"
    if red:
        reason, key = f"{text}; the rate, shrunk to what is usual here, is {rate:.0%}", example[-1]
    else:
        reason = f"too few builds to be sure: {text}, and where others stand it may be {rate:.0%}"
        key = recent["build_id"][-1]
    return Deduction(POINTS["failures"] * rate, reason, fact(f"{text} in {name or 'all'}", "builds", key))


def _time_red(name: str, recent: pl.DataFrame) -> Deduction | None:
    begin, end = recent["at"][0], recent["at"][-1]
    span = (end - begin).total_seconds()
    share, worst, worst_text, key = 0.0, 0.0, "", ""
    weights = recent.group_by("job", "branch").agg(n=pl.len(), red=pl.col("red").last(), key=pl.col("build_id").last())
    periods = red_periods(recent)
    for job, branch, n, red_now, last_id in weights.sort("job", "branch").iter_rows():
        mine = periods.filter((pl.col("job") == job) & (pl.col("branch") == branch))
        if span > 0:
            seconds = sum(((g or end) - r).total_seconds() for r, g in mine.select("red_at", "green_at").iter_rows())
            part = min(1.0, seconds / span)
            # A line that is red at its very last build has no width there, yet it is red now.
            part = max(part, 1.0 / recent.height) if red_now else part
            text = f"{job or name} was red for {seconds_text(seconds)} of {seconds_text(span)}"
        else:
            part = 1.0 if red_now else 0.0
            text = f"{job or name} is red since its first build"
        share += part * n / recent.height
        if part * n > worst:
            worst, worst_text, key = part * n, text + (f" on {branch}" if branch else ""), last_id
    if share <= 0:
        return None
    return Deduction(POINTS["red"] * share, worst_text, fact(worst_text, "builds", key))


def mann_whitney_greater(now: np.ndarray, before: np.ndarray) -> float:
    """One-sided p-value that ``now`` tends to be above ``before`` (normal approximation with ties and continuity).

    H. B. Mann and D. R. Whitney, "On a test of whether one of two random variables is stochastically larger" (1947).
    """
    n, m = len(now), len(before)
    both = np.concatenate([now, before])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    u = ranks[:n].sum() - n * (n + 1) / 2
    total = n + m
    ties = float((counts**3 - counts).sum()) / (total * (total - 1)) if total > 1 else 0.0
    variance = n * m / 12 * (total + 1 - ties)
    if variance <= 0:
        return 1.0
    z = (u - n * m / 2 - 0.5) / math.sqrt(variance)
    return 0.5 * math.erfc(z / math.sqrt(2))


def slow_down(durations: np.ndarray) -> tuple[float, float, float, int] | None:
    """Whether the last third of durations (s, in order) is slower than what came before.

    Returns (median now, median before, one-sided p, how many are "now"), or None with fewer than five and ten.
    """
    recent = max(5, min(20, len(durations) // 3))
    if len(durations) < recent + 10:
        return None
    now, before = durations[-recent:], durations[:-recent][-100:]
    return float(np.median(now)), float(np.median(before)), mann_whitney_greater(now, before), recent


def _slower(runs: pl.DataFrame) -> Deduction | None:
    worst: Deduction | None = None
    timed = runs.filter(~pl.col("red") & pl.col("duration_seconds").is_not_null())
    for (job,), group in sorted(timed.partition_by("job", as_dict=True).items(), key=lambda item: str(item[0])):
        found = slow_down(group["duration_seconds"].to_numpy())
        if found is None:
            continue
        now, before, p, recent = found
        if before <= 0 or now / before <= 1.1 or p >= 0.01:
            continue
        points = POINTS["slower"] * min(1.0, math.log2(now / before))
        if worst is None or points > worst.points:
            text = (
                f"{job} takes {seconds_text(now)} in its last {plural(recent, 'build')}, "
                f"{seconds_text(before)} before (x{now / before:.2f})"
            )
            worst = Deduction(points, text, fact(text, "builds", group["build_id"][-1]))
    return worst


def _flaky(recent: pl.DataFrame, test_results: pl.DataFrame | None) -> Deduction | None:
    if test_results is None or not test_results.height:
        return None
    mine = test_results.join(recent.select("build_id"), on="build_id", how="semi")
    tested = mine["build_id"].n_unique()
    flaky = mine.filter(pl.col("status") == "flaky")
    if not flaky.height:
        return None
    share = flaky["build_id"].n_unique() / tested
    name, times = flaky.group_by("name").len().sort(["len", "name"], descending=[True, False]).row(0)
    text = (
        f"in {flaky['build_id'].n_unique()} of {plural(tested, 'build')} with tests some passed only when tried again, "
        f"{name} most often ({plural(times, 'time')})"
    )
    return Deduction(
        POINTS["flaky"] * min(1.0, share / 0.2), text, fact(text, "test_results", f"{flaky['build_id'][-1]} {name}")
    )


def _repeated(runs: pl.DataFrame, recent: pl.DataFrame, failures: pl.DataFrame) -> Deduction | None:
    known = failures.join(runs.select("build_id", "at"), on="build_id", how="inner").sort("at", "build_id")
    known = known.with_columns(again=pl.col("fingerprint").is_duplicated() & ~pl.col("fingerprint").is_first_distinct())
    mine = known.join(recent.select("build_id"), on="build_id", how="semi")
    if not mine.height or not mine["again"].any():
        return None
    share = float(mine["again"].sum()) / mine.height
    top = mine.filter("again").group_by("fingerprint").agg(n=pl.len(), key=pl.col("build_id").last())
    fingerprint, n, key = top.sort(["n", "fingerprint"], descending=[True, False]).row(0)
    text = (
        f"{int(mine['again'].sum())} of {plural(mine.height, 'failure')} had failed the same way before, "
        f"{fingerprint[:12]} {plural(n, 'time')} again"
    )
    return Deduction(POINTS["repeated"] * share, text, fact(text, "build_failures", key))


def _all(rows: list[_Health]) -> _Health:
    total = sum(h.builds for h in rows)
    deductions = [
        Deduction(d.points * h.builds / total, f"{h.pipeline}: {d.reason}" if h.pipeline else d.reason, d.evidence)
        for h in rows
        for d in h.deductions
    ]
    deductions.sort(key=lambda d: (-d.points, d.reason))
    rest = deductions[SHOWN_DEDUCTIONS:]
    if rest:
        text = f"{plural(len(rest), 'smaller deduction')} of single pipelines"
        points = sum(d.points for d in rest)
        deductions = [*deductions[:SHOWN_DEDUCTIONS], Deduction(points, text, rest[0].evidence)]
    score = 100 - sum(d.points for d in deductions)
    below = math.sqrt(sum((max(0.0, h.score - h.low) * h.builds / total) ** 2 for h in rows))
    above = math.sqrt(sum((max(0.0, h.high - h.score) * h.builds / total) ** 2 for h in rows))
    as_of = max((h.as_of for h in rows), key=str)
    return _Health("", as_of, total, score - below, score + above, tuple(deductions))
