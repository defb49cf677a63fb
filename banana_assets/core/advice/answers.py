"""What to do about each kind of bottleneck, and what that is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from banana_assets.core.advice.impact import BUILD_TIME, SEVERITY_WEIGHT, BuildTime, Impact, Part, of_shares, part
from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.rules import CROSSING

RESOURCE = "how much of the room above 70 % it takes, and what running out of it does"
ATTENTION = "how much of what its source writes came to it, weighed by severity"


@dataclass(frozen=True)
class Answer:
    """What to do (``lead``, without a full stop), its type, worth and difficulty."""

    type: str
    lead: str
    impact: Impact
    difficulty: str


def answer(row: dict[str, Any], seen: Observed, time: BuildTime) -> Answer:
    """The answer to a row of BOTTLENECKS."""
    return _ANSWERS[row["kind"]](row, seen, time)


def _saved(row: dict[str, Any]) -> float:
    """The share of the value that its baseline would save."""
    return max(0.0, (row["value"] - row["baseline"]) / row["value"]) if row["value"] > 0 else 0.0


def _slow(row: dict[str, Any], seen: Observed, time: BuildTime) -> Answer:
    goal = row["target"]
    since = f" since {row['since']:%F %H:%M} UTC" if row["since"] else ""
    if goal["measure"] == "test_duration":
        of_builds = _share_of_builds(row, seen)
        return Answer(
            "performance",
            f"Make {row['subject']} faster or run it beside the others",
            of_shares(BUILD_TIME, of_builds, time.share(goal["pipeline"])),
            "medium",
        )
    lead = f"Bring {row['subject']} back to its usual time: compare what changed{since}"
    shares = [part("share of its time that its former level would save", _saved(row))]
    if goal["measure"] == "step_duration":
        shares.append(_share_of_builds(row, seen))
    return Answer(
        "performance", lead, of_shares(BUILD_TIME, *shares, time.share(goal["pipeline"], goal["job"])), "medium"
    )


def _share_of_builds(row: dict[str, Any], seen: Observed) -> Part:
    """The step's or test's time as a share of its builds' time."""
    goal = row["target"]
    runs = seen.ended.filter(pl.col("pipeline") == goal["pipeline"])
    if goal["job"]:
        runs = runs.filter(pl.col("job") == goal["job"])
    tested = runs.join(seen.tests.select("build_id").unique(), on="build_id", how="semi") if not goal["job"] else runs
    usual = tested.drop_nulls("duration_seconds").tail(10)["duration_seconds"].median()
    share = row["value"] / usual if isinstance(usual, float) and usual > 0 else 1.0
    return part("share of it in its builds' time", min(1.0, share))


def _path(row: dict[str, Any], seen: Observed, time: BuildTime) -> Answer:
    share = row["value"] / row["baseline"] if row["baseline"] > 0 else 0.0
    return Answer(
        "performance",
        f"Split {row['subject']}, or move part of it to a job beside it",
        of_shares(
            "share of the time of all builds that the pipeline's runs would end earlier, at most",
            part("share of a run's time that waits for it", share),
            time.share(row["target"]["pipeline"]),
        ),
        "medium",
    )


def _queue(row: dict[str, Any], seen: Observed, time: BuildTime) -> Answer:
    goal = row["target"]
    mine = seen.timed.filter(pl.col("pipeline") == goal["pipeline"]).drop_nulls(["wait", "duration_seconds"])
    mine = (mine.filter(pl.col("job") == goal["job"]) if goal["job"] else mine).sort("queued_at").tail(50)
    waited, ran = float(mine["wait"].sum()), float(mine["duration_seconds"].sum())
    return Answer(
        "resource",
        f"Add runners for {row['subject']} or spread its builds",
        of_shares(
            BUILD_TIME,
            part("share of waiting in waiting and running", waited / (waited + ran) if waited + ran else 0.0),
            time.share(goal["pipeline"], goal["job"]),
        ),
        "medium",
    )


def _failing(row: dict[str, Any], seen: Observed, time: BuildTime) -> Answer:
    goal = row["target"]
    return Answer(
        "reliability",
        f"Find why {row['subject']} fails more often since {row['since']:%F %H:%M} UTC",
        of_shares(
            BUILD_TIME,
            part("share of its builds that fail more than before", max(0.0, row["value"] - row["baseline"])),
            time.share(goal["pipeline"], goal["job"]),
        ),
        "medium",
    )


def _hot(row: dict[str, Any], seen: Observed, time: BuildTime) -> Answer:
    return Answer(
        "schedule_optimization",
        f"Move or level the load behind {row['subject']}",
        of_shares(
            "how much of the hour is above the other hours, weighed by severity; load that is moved is not gone",
            part("share of the hour's rate above the others", _saved(row)),
            part(f"half the weight of {row['severity']}", SEVERITY_WEIGHT[row["severity"]] / 2),
        ),
        "medium",
    )


def _limit(row: dict[str, Any], seen: Observed, time: BuildTime) -> Answer:
    goal = row["target"]
    mine = seen.usage.filter(
        (pl.col("source") == goal["pipeline"]) & (pl.col("metric") == goal["item"]) & (pl.col("samples") > 0)
    )
    above = mine.filter(pl.col("peak") >= 70).height / mine.height if mine.height else 1.0
    way = (row["value"] - 70) / 30
    if row["rule"] == CROSSING.rule:
        way, above = 1.0, SEVERITY_WEIGHT[row["severity"]]
    return Answer(
        "resource",
        f"Give {row['subject']} room, or find what uses it",
        of_shares(
            RESOURCE,
            part("way from 70 % to 100 % of the limit, or 1 where it will be reached", way),
            part("share of the time at 70 % or more, or weight of how soon", above),
            part("weight: 1 where the full fails, 0.25 where it slows", 0.25 if _slows(goal["item"]) else 1.0),
        ),
        "medium",
    )


def _slows(metric: str) -> bool:
    """Whether running out of it makes work slow and not fail: processor and network, not memory and disk."""
    return metric.startswith(("cpu", "load", "net"))


def _risen(row: dict[str, Any], seen: Observed, time: BuildTime) -> Answer:
    goal = row["target"]
    wrote = seen.hours.filter((pl.col("source") == goal["pipeline"]) & (pl.col("hour") >= row["since"]))
    volume = float(wrote["events"].sum()) / max(1, wrote.height)
    return Answer(
        "reliability",
        f"Find what changed since {row['since']:%F %H:%M} UTC in {goal['pipeline']}",
        of_shares(
            ATTENTION,
            part("share of its rate above the rate before", _saved(row)),
            part("share of it in what its source writes", row["value"] / volume if volume else 0.0),
            part(f"weight of {row['severity']}", SEVERITY_WEIGHT[row["severity"]]),
        ),
        "medium",
    )


_ANSWERS: dict[str, Callable[[dict[str, Any], Observed, BuildTime], Answer]] = {
    "slow_step": _slow,
    "critical_path": _path,
    "queue": _queue,
    "failure_rate": _failing,
    "hot_hour": _hot,
    "resource_limit": _limit,
    "pattern_rate": _risen,
}
