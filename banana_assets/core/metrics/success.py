"""The original program's success metrics, measured, and compared with baselines that people set.

Its targets: resource utilisation at most 70 % of the baseline, completion time at most 60 %, 90 % of bottlenecks
identified, metadata 90 % complete, 85 % of plans successful, half the manual interventions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from banana_assets.core.evidence import plural, seconds_text
from banana_assets.core.metrics.measures import median_interval
from banana_assets.core.metrics.rates import wilson
from banana_assets.core.metrics.rollups import median_steps
from banana_assets.core.metrics.runs import ended
from banana_assets.core.plans.success import successes
from banana_assets.core.tables.outcomes import PLAN_OUTCOMES

RAN_OUT = ("timeout", "out_of_memory", "disk_full")
"""Categories of builds that failed for want of time, memory or disk."""

BUILD_FACTS = ("branch", "commit_sha", "started_at", "finished_at", "log_sha256")
"""What a build can be expected to tell of itself."""


@dataclass(frozen=True)
class Definition:
    """A success metric: what it is, in which unit, and its target, as a share of the baseline where it needs one."""

    name: str
    title: str
    unit: str
    target: float
    at_most: bool
    of_baseline: bool
    method: str


DEFINITIONS = (
    Definition(
        "resource_utilisation", "Resource utilisation", "percent", 0.70, at_most=True, of_baseline=True,
        method="mean cpu_percent over the time read, of all sources: each reading weighs its source's median step",
    ),
    Definition(
        "completion_time", "Task completion time", "s", 0.60, at_most=True, of_baseline=True,
        method="median duration of successful builds",
    ),
    Definition(
        "bottleneck_identification", "Bottleneck identification", "1", 0.90, at_most=False, of_baseline=False,
        method="share of builds that failed for want of time, memory or disk whose pipeline a bottleneck names",
    ),
    Definition(
        "metadata_completeness", "Metadata completeness", "1", 0.90, at_most=False, of_baseline=False,
        method="share of known facts of ended builds: branch, commit, beginning, end, log",
    ),
    Definition(
        "plan_success", "Plan success rate", "1", 0.85, at_most=False, of_baseline=False,
        method="share of decided plan outcomes that are fixed",
    ),
    Definition(
        "manual_interventions", "Manual interventions", "per 100 builds", 0.50, at_most=True, of_baseline=True,
        method="builds of a job that had failed on the same commit before: somebody started it again",
    ),
)  # fmt: skip
NAMES = tuple(d.name for d in DEFINITIONS)


@dataclass(frozen=True)
class Measured:
    """A value with the ends of its 95 % interval where it has one, how many observations it rests on, and of what."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None
    over: str = ""


@dataclass(frozen=True)
class Success:
    """A success metric as it stands. Without a value ``missing`` says why; without a baseline there is no ratio.

    ``over`` says what was read of it, where the count of observations does not.
    """

    name: str
    title: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    observations: int
    baseline: float | None
    ratio: float | None
    target: str
    met: bool | None
    method: str
    missing: str
    over: str


@dataclass(frozen=True)
class Sources:
    """What success is measured from: BUILDS, BUILD_FAILURES, RESOURCE_ROLLUPS, BOTTLENECKS, PLAN_OUTCOMES; each may be
    empty.

    ``read_until`` is the time of the latest reading of cpu_percent, where ``between`` left some out.
    """

    builds: pl.DataFrame
    failures: pl.DataFrame
    rollups: pl.DataFrame
    bottlenecks: pl.DataFrame
    outcomes: pl.DataFrame = field(default_factory=PLAN_OUTCOMES.empty)
    read_until: datetime | None = None

    def between(self, begin: datetime | None, end: datetime | None = None) -> Sources:
        """The same for builds that ended, outcomes that were decided, and hours with readings, from ``begin`` up to
        ``end``.

        Readings are known by the hour: an hour counts whole where the time of its readings overlaps.
        """

        def inside(last: pl.Expr, first: pl.Expr) -> pl.Expr:
            kept = pl.lit(value=True)
            if begin is not None:
                kept &= last >= begin
            return kept if end is None else kept & (first < end)

        ends = pl.coalesce("finished_at", "started_at", "queued_at", "arrived_at")
        return Sources(
            self.builds.filter(inside(ends, ends)),
            self.failures,
            self.rollups.filter(inside(pl.col("last_ts"), pl.col("first_ts"))),
            self.bottlenecks,
            self.outcomes.filter(inside(pl.col("decided_at"), pl.col("decided_at"))),
            _cpu(self.rollups)["last_ts"].max(),  # type: ignore[arg-type]
        )


def success(sources: Sources, baselines: dict[str, float]) -> list[Success]:
    """The six metrics, in the original's order, against baselines (name to value)."""
    return [_judged(d, *measure(d.name, sources), baselines.get(d.name)) for d in DEFINITIONS]


def measure(name: str, sources: Sources) -> tuple[Measured | None, str]:
    """The value of a success metric, or why there is none."""
    runs = ended(sources.builds)
    if name == "resource_utilisation":
        return _utilisation(sources)
    if name == "plan_success":
        fixed, decided = successes(sources.outcomes)
        if not decided:
            return None, "no outcome of a plan is decided yet"
        return Measured(fixed / decided, decided, *wilson(fixed, decided)), ""
    if not runs.height:
        return None, "no build has ended: `banana ingest builds PATH` or `banana record -- COMMAND`"
    if name == "completion_time":
        return _completion(runs)
    if name == "bottleneck_identification":
        return _identified(runs, sources.failures, sources.bottlenecks)
    if name == "metadata_completeness":
        known = sum(runs[c].len() - runs[c].null_count() for c in BUILD_FACTS if c != "branch")
        known += runs.filter(pl.col("branch") != "").height
        n = runs.height * len(BUILD_FACTS)
        return Measured(known / n, n, *wilson(known, n)), ""
    return _restarts(runs)


def _cpu(rollups: pl.DataFrame) -> pl.DataFrame:
    return rollups.filter(pl.col("metric") == "cpu_percent", pl.col("samples") > 0)


def _utilisation(sources: Sources) -> tuple[Measured | None, str]:
    read = _cpu(sources.rollups)
    if not read.height:
        if sources.read_until is not None:
            return None, f"no reading of cpu_percent in this span; the latest is of {sources.read_until:%F %H:%M} UTC"
        return None, "no reading of cpu_percent: `banana watch`, or the schedule resource_samples under `banana up`"
    # A lone reading has no step to the next: it stands for a second.
    seconds = pl.col("moments") * pl.max_horizontal("step", 1.0)
    steps = median_steps(read).select("source", "step")
    timed = read.join(steps, on="source").sort("source", "hour", "series_id").with_columns(seconds=seconds)
    total = float(timed["seconds"].sum())
    over = f"{seconds_text(total)} read of {plural(read['source'].n_unique(), 'source')}"
    mean = float((timed["mean"] * timed["seconds"]).sum()) / total
    return Measured(mean, int(read["samples"].sum()), over=over), ""


def _completion(runs: pl.DataFrame) -> tuple[Measured | None, str]:
    done = runs.filter(~pl.col("red")).drop_nulls("duration_seconds")
    if not done.height:
        return None, "no successful build carries a duration"
    seconds = pl.col("duration_seconds")
    low, high = median_interval(seconds)
    middle, below, above = done.select(middle=seconds.median(), low=low, high=high).row(0)
    return Measured(float(middle), done.height, below, above), ""


def _identified(runs: pl.DataFrame, failures: pl.DataFrame, bottlenecks: pl.DataFrame) -> tuple[Measured | None, str]:
    wanting = failures.filter(pl.col("category").is_in(RAN_OUT)).join(runs, on="build_id", how="inner")
    if not wanting.height:
        return None, "no build has failed for want of time, memory or disk"
    named = bottlenecks.select(pl.col("target").struct.field("pipeline"))["pipeline"].unique().to_list()
    hits = wanting.filter(pl.col("pipeline").is_in(named)).height
    return Measured(hits / wanting.height, wanting.height, *wilson(hits, wanting.height)), ""


def _restarts(runs: pl.DataFrame) -> tuple[Measured | None, str]:
    known = runs.drop_nulls("commit_sha")
    if not known.height:
        return None, "no build names its commit"
    same = ["pipeline", "job", "commit_sha"]
    again = known.filter(pl.col("red").cast(pl.Int64).cum_max().shift(1).over(same).fill_null(0) == 1).height
    low, high = wilson(again, known.height)
    return Measured(100 * again / known.height, known.height, 100 * low, 100 * high), ""


def _judged(d: Definition, found: Measured | None, missing: str, baseline: float | None) -> Success:
    value = found.value if found else None
    ratio = value / baseline if d.of_baseline and value is not None and baseline else None
    judged = ratio if d.of_baseline else value
    met = None if judged is None else judged <= d.target if d.at_most else judged >= d.target
    target = f"{'at most' if d.at_most else 'at least'} {d.target:.0%}" + (" of the baseline" if d.of_baseline else "")
    if not missing and d.of_baseline and not baseline:
        missing = f"no baseline is set: `banana health --set-baseline {d.name}=VALUE`"
    return Success(
        d.name, d.title, d.unit, value, found.low if found else None, found.high if found else None,
        found.n if found else 0, baseline, ratio, target, met, d.method, missing,
        found.over if found else "",
    )  # fmt: skip
