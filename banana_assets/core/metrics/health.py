"""Health of pipelines: 0 to 100, with what cost each point, how sure the score is, and where it goes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.evidence import plural
from banana_assets.core.metrics.health_reasons import Deduction, deductions_of
from banana_assets.core.metrics.health_window import RECENT_SECONDS, Floats, History, Window
from banana_assets.core.metrics.rates import JEFFREYS, BetaPrior, fit_prior
from banana_assets.core.metrics.runs import LINE, ended, overtaken
from banana_assets.core.metrics.slowdown import mann_whitney_greater, slow_down
from banana_assets.core.tables.metrics import BUILD_HEALTH

__all__ = ["build_health", "mann_whitney_greater", "slow_down"]

DRAWS, PAST_DRAWS = 1000, 200
SHOWN_DEDUCTIONS = 12
PAST_POINTS = 12
LEAST_BUILDS = 5
"""Builds from which a past score is told."""

MOST_HISTORIES = 60
"""Pipelines, those with the most builds, whose past scores are told."""


@dataclass(frozen=True)
class _Pipeline:
    """A pipeline: its ended builds, as rows and as arrays."""

    name: str
    runs: pl.DataFrame
    history: History
    prior: BetaPrior

    def points(self, window: Window, draws: int, among: int = 1) -> dict[str, Floats]:
        """Points lost, by kind: row 0 as the builds are, then by chance.

        ``among`` is over how many pipelines builds that were not seen are spread, where a mean of so many is drawn.
        """
        seed = int.from_bytes(hashlib.blake2b(f"{self.name}/{window.end}".encode(), digest_size=8).digest(), "big")
        return window.points(self.prior, draws, seed, least=JEFFREYS.a / among)

    def lost(self, window: Window, draws: int, among: int = 1) -> Floats:
        """Points lost in all."""
        return sum(self.points(window, draws, among).values())  # type: ignore[return-value]


def build_health(
    builds: pl.DataFrame,
    failures: pl.DataFrame,
    test_results: pl.DataFrame | None = None,
    *,
    clusters: pl.DataFrame | None = None,
    flaky: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """BUILD_HEALTH out of BUILDS, BUILD_FAILURES and TEST_RESULTS: a row a pipeline and one, named "", for all.

    ``clusters`` (FAILURE_CLUSTERS) tells which failures are the same one, where fingerprints alone would tell it
    otherwise; ``flaky`` (FLAKY_TESTS) which builds had a test that failed by chance, beside those tried again.

    A pipeline is judged by its last 50 ended builds, none older than 30 days before its latest. The score is 100 less

    - **failures**, up to 50: 50 p, where p is the failure rate shrunk to what the pipelines have in common
      (Beta-binomial, prior by moments over all pipelines and all their builds);
    - **red**, up to 20: 20 times the share of its time in which a line (a job on a branch) was red, the mean of the
      lines weighted by their builds; a build stands for its line until the next one of the line that began after it;
    - **slower**, up to 15: 15 min(1, log2 r), where r is the median duration of a job's successful builds since its
      latest change point upwards (``changes``; five to fifty builds, 30 days) over that of up to a hundred before;
      without one, of the last third over the ones before, where there are at least five and ten. Counted where r is
      above 1.1 and the shift is no chance (Mann-Whitney U, one-sided, p < .01); the worst job counts;
    - **flaky**, up to 10: 10 min(1, f / 0.2), f the share of builds with a test that passed only when tried again, or
      that failed and passed on the same commit;
    - **repeated**, up to 5: 5 times the share of failures that had failed the same way before.

    The interval holds 95 % of the scores that the same builds give with weights drawn by the Bayesian bootstrap
    (``health_window``). The change is the score less that of the window before, which shares no build with it.
    The row for all weighs the pipelines that built in the 30 days before the latest build by their builds; they are
    drawn independently of each other.
    """
    runs = ended(builds)
    if not runs.height:
        return BUILD_HEALTH.empty()
    counts = runs.group_by("pipeline").agg(hits=pl.col("red").sum(), n=pl.len()).sort("pipeline")
    prior = fit_prior(counts["hits"].to_list(), counts["n"].to_list())
    marked = _marked(runs, _named(failures, clusters), test_results, flaky)
    groups = marked.partition_by("pipeline", as_dict=True, maintain_order=True)
    pipelines = [_Pipeline(str(name), group, _history(group), prior) for (name,), group in sorted(groups.items())]
    largest = sorted(pipelines, key=lambda p: (-p.runs.height, p.name))[:MOST_HISTORIES]
    moments = _moments(marked["at"])
    rows = [_row(p, moments if p in largest else []) for p in pipelines]
    whole = _all(pipelines, largest, moments)
    shown = [whole, *(row for row in rows if row["pipeline"])]
    return BUILD_HEALTH.conform(pl.DataFrame(shown, schema=BUILD_HEALTH.dtypes))


def _named(failures: pl.DataFrame, clusters: pl.DataFrame | None) -> pl.DataFrame:
    """The failures with the id of their cluster in place of the fingerprint, where they are in one."""
    if clusters is None:
        return failures
    members = clusters.select("cluster_id", build_id="builds").explode("build_id", empty_as_null=False)
    return failures.join(members, on="build_id", how="left").with_columns(
        fingerprint=pl.coalesce("cluster_id", "fingerprint")
    )


def _marked(
    runs: pl.DataFrame, failures: pl.DataFrame, test_results: pl.DataFrame | None, chance: pl.DataFrame | None
) -> pl.DataFrame:
    """The runs with what is known of each: tests, flaky tests, a diagnosis, a fingerprint seen before."""
    known = failures.select("build_id", "fingerprint").join(
        runs.select("build_id", "pipeline", "at"), on="build_id", how="inner"
    )
    known = known.sort("at", "build_id").with_columns(again=~pl.struct("pipeline", "fingerprint").is_first_distinct())
    nothing = {"build_id": pl.String, "tested": pl.Boolean, "flaky": pl.Boolean, "flaky_test": pl.String}
    tests = pl.DataFrame(schema=nothing)
    if test_results is not None:
        results, flaky = test_results, pl.col("status") == "flaky"
        if chance is not None:
            seen = chance.select("suite", "classname", "name", build_id="evidence").explode(
                "build_id", empty_as_null=False
            )
            seen = seen.with_columns(pl.col("build_id").struct.field("build_id"), by_chance=pl.lit(value=True)).unique()
            results = results.join(seen, on=["build_id", "suite", "classname", "name"], how="left")
            flaky |= pl.col("by_chance").fill_null(value=False)
        tests = results.group_by("build_id").agg(
            tested=pl.lit(value=True), flaky=flaky.any(), flaky_test=pl.col("name").filter(flaky).sort().first()
        )
    flags = ("tested", "flaky", "known", "again")
    return (
        runs.with_columns(current=~overtaken(), line=pl.struct(LINE).rank("dense").cast(pl.Int64))
        .join(known.select("build_id", "fingerprint", "again", known=pl.lit(value=True)), on="build_id", how="left")
        .join(tests, on="build_id", how="left")
        .with_columns(pl.col(name).fill_null(value=False) for name in flags)
        .sort("at", "build_id")
    )


def _history(runs: pl.DataFrame) -> History:
    green = runs.with_row_index("place").filter(~pl.col("red") & pl.col("duration_seconds").is_not_null())
    durations = {
        str(job): (group["place"].cast(pl.Int64).to_numpy(), group["duration_seconds"].to_numpy())
        for (job,), group in green.partition_by("job", as_dict=True, maintain_order=True).items()
    }
    names = ("red", "line", "current", "tested", "flaky", "known", "again")
    return History(at=_seconds(runs["at"]), durations=durations, **{n: runs[n].to_numpy() for n in names})


def _seconds(times: pl.Series) -> Floats:
    found: Floats = times.dt.epoch("us").to_numpy() / 1e6
    return found


def _moments(times: pl.Series) -> list[float]:
    """Moments at which past scores are told: after equal numbers of builds, the last one now."""
    ends = np.unique(np.linspace(min(LEAST_BUILDS, len(times)), len(times), PAST_POINTS).round().astype(np.int64))
    return sorted({float(at) for at in _seconds(times)[ends - 1]})


def _row(pipeline: _Pipeline, moments: Sequence[float]) -> dict[str, Any]:
    window = pipeline.history.window(pipeline.runs.height)
    points = pipeline.points(window, DRAWS)
    made = deductions_of(
        pipeline.name, pipeline.runs, window, {name: float(drawn[0]) for name, drawn in points.items()}
    )
    lost: Floats = sum(points.values())  # type: ignore[assignment]
    before = _before(pipeline, window)
    ends = sorted({int(np.searchsorted(pipeline.history.at, at, "right")) for at in moments})
    past = [_told(pipeline, end) for end in ends if end >= LEAST_BUILDS]
    return {
        "pipeline": pipeline.name,
        "as_of": pipeline.runs["at"][-1],
        "builds": window.builds,
        **_scored(made, lost),
        **_changed(None if before is None else before - lost),
        "history": past,
    }


def _scored(deductions: Sequence[Deduction], lost: Floats) -> dict[str, Any]:
    """Score, interval and deductions; the score is 100 less the deductions, so that they add up."""
    score = max(0.0, 100.0 - sum(d.points for d in deductions))
    low, high = (float(q) for q in np.quantile(100.0 - lost[1:], (0.025, 0.975)))
    return {
        "score": score,
        "score_low": max(0.0, min(low, score)),
        "score_high": min(100.0, max(high, score)),
        "deductions": [
            {"points": d.points, "reason": d.reason, "evidence": d.evidence}
            for d in sorted(deductions, key=lambda d: (-d.points, d.reason))
        ],
    }


def _changed(change: Floats | None) -> dict[str, Any]:
    """The change of the score (row 0, then draws), its interval, and the direction that the interval allows."""
    if change is None:
        return {"change": None, "change_low": None, "change_high": None, "direction": None}
    low, high = (float(q) for q in np.quantile(change[1:], (0.025, 0.975)))
    middle = float(change[0])
    direction = "improving" if low > 0 else "degrading" if high < 0 else "stable"
    return {
        "change": middle,
        "change_low": min(low, middle),
        "change_high": max(high, middle),
        "direction": direction,
    }


def _before(pipeline: _Pipeline, window: Window, among: int = 1) -> Floats | None:
    """Points lost in the window before that one, where it has enough builds."""
    if window.first < LEAST_BUILDS:
        return None
    earlier = pipeline.history.window(window.first)
    return pipeline.lost(earlier, DRAWS, among) if earlier.builds >= LEAST_BUILDS else None


def _told(pipeline: _Pipeline, end: int) -> dict[str, Any]:
    """The score after so many builds of the pipeline."""
    lost = pipeline.lost(pipeline.history.window(end), PAST_DRAWS)
    return _point(float(pipeline.history.at[end - 1]), lost)


def _point(at: float, lost: Floats) -> dict[str, Any]:
    low, high = (float(q) for q in np.quantile(100.0 - lost[1:], (0.025, 0.975)))
    score = 100.0 - float(lost[0])
    moment = datetime.fromtimestamp(at, UTC)
    return {"as_of": moment, "score": score, "low": max(0.0, min(low, score)), "high": min(100.0, max(high, score))}


def _all(pipelines: Sequence[_Pipeline], largest: Sequence[_Pipeline], moments: Sequence[float]) -> dict[str, Any]:
    """The row for all: the mean over the pipelines that still build, weighted by the builds they are judged by."""
    latest = max(float(p.history.at[-1]) for p in pipelines)
    alive = [p for p in pipelines if p.history.at[-1] >= latest - RECENT_SECONDS]
    windows = [p.history.window(p.runs.height) for p in alive]
    total = sum(w.builds for w in windows)
    lost, deductions = np.zeros(DRAWS + 1), []
    change, compared = np.zeros(DRAWS + 1), 0
    for pipeline, window in zip(alive, windows, strict=True):
        points = pipeline.points(window, DRAWS, len(alive))
        mine: Floats = sum(points.values())  # type: ignore[assignment]
        lost += mine * window.builds / total
        deductions += [
            Deduction(
                d.points * window.builds / total,
                f"{pipeline.name}: {d.reason}" if pipeline.name else d.reason,
                d.evidence,
            )
            for d in deductions_of(
                pipeline.name, pipeline.runs, window, {name: float(drawn[0]) for name, drawn in points.items()}
            )
        ]
        before = _before(pipeline, window, len(alive))
        if before is not None:
            change += (before - mine) * window.builds
            compared += window.builds
    deductions.sort(key=lambda d: (-d.points, d.reason))
    rest = deductions[SHOWN_DEDUCTIONS:]
    if rest:
        text = f"{plural(len(rest), 'smaller deduction')} of single pipelines"
        points_left = sum(d.points for d in rest)
        deductions = [*deductions[:SHOWN_DEDUCTIONS], Deduction(points_left, text, rest[0].evidence)]
    return {
        "pipeline": "",
        "as_of": max(p.runs["at"][-1] for p in alive),
        "builds": total,
        **_scored(deductions, lost),
        # Where only a few builds have a past to be compared with, their change is not that of all.
        **_changed(change / compared if compared * 2 >= total else None),
        "history": [p for p in (_all_at(largest, at) for at in moments) if p is not None],
    }


def _all_at(pipelines: Sequence[_Pipeline], at: float) -> dict[str, Any] | None:
    """The score of all pipelines together at a moment."""
    ends = {p.name: int(np.searchsorted(p.history.at, at, "right")) for p in pipelines}
    alive = [p for p in pipelines if ends[p.name] and p.history.at[ends[p.name] - 1] >= at - RECENT_SECONDS]
    windows = [p.history.window(ends[p.name]) for p in alive]
    total = sum(w.builds for w in windows)
    if total < LEAST_BUILDS:
        return None
    lost = np.zeros(PAST_DRAWS + 1)
    for pipeline, window in zip(alive, windows, strict=True):
        lost += pipeline.lost(window, PAST_DRAWS, len(alive)) * window.builds / total
    return _point(at, lost)
