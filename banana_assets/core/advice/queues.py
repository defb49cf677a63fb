"""Builds that wait before they run: how many, how long, whether ever more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.advice.finding import Finding
from banana_assets.core.advice.observed import Observed, job_name, target
from banana_assets.core.advice.rules import WAITING, one_worse
from banana_assets.core.evidence import fact, plural, seconds_text
from banana_assets.core.scheduling.types import most_together

RECENT = 50
FEWEST = 10
SHORTEST_WAIT = 30.0
MOST_CHANCE = 0.001
"""That waits seem to grow though they do not."""


@dataclass(frozen=True)
class Queue:
    """A queue over the time from the first arrival to the last begin.

    ``rate`` in arrivals an hour; ``wait`` (mean, s); ``waiting`` the mean number that wait: Little's law, L = lambda W
    (J. D. C. Little, "A proof for the queuing formula L = lambda W", 1961), which holds exactly over a time that
    begins and ends with nothing waiting. ``load`` the mean number that run (lambda S, in erlangs), ``servers`` the
    most that were seen running at once, ``utilisation`` load / servers. ``growth`` builds an hour by which arrivals
    outnumber begins, where waits grow steadily (Mann and Kendall's test), else 0.
    """

    builds: int
    hours: float
    rate: float
    wait: float
    waiting: float
    run: float
    load: float
    servers: int
    utilisation: float
    growth: float


def queue(queued: list[datetime], started: list[datetime], run_seconds: list[float]) -> Queue | None:
    """The queue of builds with these times, in order of arrival; None for fewer than two or no time between them."""
    n = len(queued)
    span = (max(started) - min(queued)).total_seconds() if n > 1 else 0.0
    if span <= 0:
        return None
    hours = span / 3600
    waits = np.array([(s - q).total_seconds() for q, s in zip(queued, started, strict=True)])
    wait, run = float(waits.mean()), float(np.mean(run_seconds))
    rate = n / hours
    load = rate * run / 3600
    servers = most_together((s.timestamp(), s.timestamp() + r) for s, r in zip(started, run_seconds, strict=True))
    return Queue(
        builds=n,
        hours=hours,
        rate=rate,
        wait=wait,
        waiting=rate * wait / 3600,
        run=run,
        load=load,
        servers=servers,
        utilisation=load / servers,
        growth=_growth(queued, started, waits),
    )


def _growth(queued: list[datetime], started: list[datetime], waits: np.ndarray) -> float:
    """Builds an hour by which the backlog grows: mean waiting in the last third of the arrivals less the first's."""
    hours = (max(queued) - min(queued)).total_seconds() / 3600
    if len(waits) < FEWEST or hours <= 0 or rising(waits) >= MOST_CHANCE:
        return 0.0
    last, third = max(queued), len(queued) // 3
    late = [sum(1 for a, b in zip(queued, started, strict=True) if a <= q < b) for q in queued[-third:]]
    early = [sum(1 for a, b in zip(queued, started, strict=True) if a <= q < b) for q in queued[:third]]
    middle_early, middle_late = queued[third // 2], queued[-third + third // 2]
    between = (middle_late - middle_early).total_seconds() / 3600
    grown = float(np.mean(late) - np.mean(early))
    return max(0.0, grown / between) if between > 0 and last > min(queued) else 0.0


def rising(values: np.ndarray) -> float:
    """The chance (one-sided) that values without a trend rise like these: Mann and Kendall's test, ties corrected.

    H. B. Mann, "Nonparametric tests against trend", Econometrica 13 (1945).
    """
    n = len(values)
    if n < 4:
        return 1.0
    s = float(np.sign(values[None, :] - values[:, None])[np.triu_indices(n, 1)].sum())
    _, counts = np.unique(values, return_counts=True)
    ties = float((counts * (counts - 1) * (2 * counts + 5)).sum())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    if variance <= 0:
        return 1.0
    return 0.5 * math.erfc((s - 1) / math.sqrt(2 * variance))


def queues(seen: Observed) -> list[Finding]:
    """Pipelines whose latest fifty builds waited, or where the pipeline does not, jobs of it: ten builds or more with
    both times, a median wait of half a minute.

    Waiting is told apart from running: the severity compares the two. Where the backlog grows, it is one worse. Waits
    that follow from jobs that run after each other are no queue: only the first jobs of a run count.
    """
    timed = first_of_runs(seen.timed.drop_nulls(["wait", "duration_seconds"]))
    found = []
    for (pipeline,), whole in sorted(
        timed.partition_by("pipeline", as_dict=True, maintain_order=True).items(), key=lambda item: str(item[0])
    ):
        told = _judged(str(pipeline), "", whole)
        if told is None and whole["job"].n_unique() > 1:
            jobs = whole.partition_by("job", as_dict=True, maintain_order=True)
            found += [
                f for (job,), group in sorted(jobs.items(), key=str) if (f := _judged(str(pipeline), str(job), group))
            ]
        elif told is not None:
            found.append(told)
    return found


def _judged(pipeline: str, job: str, whole: pl.DataFrame) -> Finding | None:
    group = whole.tail(RECENT)
    if group.height < FEWEST:
        return None
    figures = queue(group["queued_at"].to_list(), group["started_at"].to_list(), group["duration_seconds"].to_list())
    wait = float(np.median(group["wait"].to_numpy()))
    run = float(np.median(group["duration_seconds"].to_numpy()))
    severity = WAITING.severity(wait / run) if run > 0 else None
    if figures is None or severity is None or wait < SHORTEST_WAIT:
        return None
    return _finding(pipeline, job, group, figures, severity, wait, run)


def first_of_runs(builds: pl.DataFrame) -> pl.DataFrame:
    """Of the builds that were asked for at one moment for one commit, the one that began first.

    Jobs of a run are often asked for together and begin one after the other; what the later ones wait for is the
    earlier ones, not a runner.
    """
    one = ["pipeline", "branch", "commit_sha", "queued_at"]
    alone = builds.filter(pl.col("commit_sha").is_null())
    together = builds.drop_nulls("commit_sha").sort("started_at", "build_id").unique(one, keep="first")
    return pl.concat([alone, together]).sort("queued_at", "build_id")


def _finding(pipeline: str, job: str, group: pl.DataFrame, q: Queue, severity: str, wait: float, run: float) -> Finding:
    name = job_name(pipeline, job)
    text = (
        f"Builds of {name} wait {seconds_text(wait)} (median) before a run of {seconds_text(run)}; at {q.rate:.3g} "
        f"builds an hour {q.waiting:.2g} wait and {q.load:.2g} run at a time, at most {q.servers} at once "
        f"({q.utilisation:.0%} used)"
    )
    if q.growth > 0:
        severity = one_worse(severity)
        text += f", and the backlog grows by {q.growth:.2g} builds an hour"
    worst = group.sort("wait", "build_id").row(-1, named=True)
    begin = _since(group)
    latest = group.row(-1, named=True)
    evidence = (
        fact(f"waited {seconds_text(worst['wait'])}, the longest", "builds", worst["build_id"]),
        fact(f"first of the waiting ones: {seconds_text(begin['wait'])}", "builds", begin["build_id"]),
        fact(f"the latest waited {seconds_text(latest['wait'])}", "builds", latest["build_id"]),
        fact(
            f"Little's law over {plural(q.builds, 'build')} in {seconds_text(q.hours * 3600)}: {q.rate:.3g} an hour x "
            f"{seconds_text(q.wait)} mean wait = {q.waiting:.2g} waiting",
            "builds",
            latest["build_id"],
        ),
    )
    return Finding(
        kind="queue",
        subject=name,
        severity=severity,
        description=text + ".",
        value=wait,
        baseline=run,
        unit="s",
        since=begin["queued_at"],
        until=latest["queued_at"],
        rule=WAITING.rule,
        target=target("queue_wait", pipeline, job),
        evidence=evidence,
    )


def _since(group: pl.DataFrame) -> dict[str, Any]:
    """The first build of the latest spell in which the median of five waits stayed at half a minute or more."""
    waits = group["wait"].to_numpy()
    begin = group.height - 1
    while begin > 0 and float(np.median(waits[max(0, begin - 5) : begin])) >= SHORTEST_WAIT:
        begin -= 1
    return group.row(begin, named=True)
