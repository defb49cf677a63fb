"""Which job a pipeline's runs wait for: the observed critical path, and the slack of the jobs beside it.

The order of jobs is read from their times: whatever had ended when a job began may be what it waited for. That can
only add dependencies, so that what is said to be saved is a lower bound, and so is slack. The method is that of the
critical path (J. E. Kelley, M. R. Walker, "Critical-path planning and scheduling", 1959).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from banana_assets.core.advice.finding import Finding
from banana_assets.core.advice.observed import Observed, target
from banana_assets.core.advice.rules import PATH
from banana_assets.core.evidence import fact, plural, seconds_text

TOLERANCE = timedelta(seconds=1)
"""CI systems round times to seconds: a job may seem to begin before the one that it waited for ended."""

LONGEST_PAUSE = timedelta(days=1)
RECENT_RUNS = 20
FEWEST_RUNS = 5
MOST_JOBS = 200
SHORTEST_SAVING = 30.0


@dataclass(frozen=True)
class Job:
    """A job of a run with its times."""

    build_id: str
    name: str
    start: datetime
    finish: datetime

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return (self.finish - self.start).total_seconds()


@dataclass(frozen=True)
class Run:
    """The jobs that a pipeline ran for one commit, by start."""

    pipeline: str
    jobs: tuple[Job, ...]

    @property
    def begin(self) -> datetime:
        """When its first job began."""
        return self.jobs[0].start

    @property
    def end(self) -> datetime:
        """When its last job ended."""
        return max(j.finish for j in self.jobs)

    @property
    def seconds(self) -> float:
        """From the first job's begin to the last one's end."""
        return (self.end - self.begin).total_seconds()

    def before(self, job: Job) -> list[Job]:
        """The jobs that had ended when it began."""
        return [j for j in self.jobs if j is not job and j.start < job.start and j.finish <= job.start + TOLERANCE]

    @property
    def parallel(self) -> bool:
        """Whether two jobs ran at once for longer than rounding explains."""
        pairs = zip(self.jobs, self.jobs[1:], strict=False)
        reach = self.jobs[0].finish
        for _, after in pairs:
            if after.start + TOLERANCE < reach:
                return True
            reach = max(reach, after.finish)
        return False


def pipeline_runs(ended: pl.DataFrame) -> list[Run]:
    """The runs of pipelines with commit and times (``metrics.runs.ended`` rows), by their end.

    Builds of one pipeline, branch and commit are one run; a job that comes again, or a day without any, begins another.
    """
    timed = ended.drop_nulls(["commit_sha", "started_at", "finished_at"]).filter(
        pl.col("finished_at") >= pl.col("started_at")
    )
    found = []
    by = ["pipeline", "branch", "commit_sha"]
    for (pipeline, _, _), group in timed.sort("started_at", "build_id").group_by(by, maintain_order=True):
        jobs: list[Job] = []
        for build_id, name, start, finish in group.select("build_id", "job", "started_at", "finished_at").iter_rows():
            again = any(j.name == name for j in jobs)
            if jobs and (again or start - max(j.finish for j in jobs) > LONGEST_PAUSE):
                found.append(Run(str(pipeline), tuple(jobs)))
                jobs = []
            jobs.append(Job(build_id, name, start, finish))
        found.append(Run(str(pipeline), tuple(jobs)))
    return sorted(found, key=lambda r: (r.end, r.pipeline))


def critical_path(run: Run) -> list[Job]:
    """The chain of jobs that the run's end waited for, first to last."""
    job = max(run.jobs, key=lambda j: (j.finish, j.name))
    path = [job]
    while waited := run.before(job):
        job = max(waited, key=lambda j: (j.finish, j.name))
        path.append(job)
    return path[::-1]


def slacks(run: Run) -> dict[str, float]:
    """Build id to how much longer (s) the job could have taken without a later end of the run."""
    latest = {j.build_id: run.end for j in run.jobs}
    # A job's successors begin after it, so that going from the last start to the first sees them all before it.
    for job in sorted(run.jobs, key=lambda j: j.start, reverse=True):
        waited = run.before(job)
        if not waited:
            continue
        reach = max(j.finish for j in waited)
        could = latest[job.build_id] - (job.finish - job.start) - max(job.start - reach, timedelta())
        for before in waited:
            latest[before.build_id] = min(latest[before.build_id], could)
    return {j.build_id: max(0.0, (latest[j.build_id] - j.finish).total_seconds()) for j in run.jobs}


def saved_without(run: Run, build_id: str) -> float:
    """How much earlier (s) the run would have ended had that job taken no time."""
    ends: dict[str, datetime] = {}
    for job in run.jobs:
        waited = run.before(job)
        start = job.start
        if waited:
            lag = max(job.start - max(j.finish for j in waited), timedelta())
            start = max(ends[j.build_id] for j in waited) + lag
        ends[job.build_id] = start + (timedelta() if job.build_id == build_id else job.finish - job.start)
    return max(0.0, (run.end - max(ends.values())).total_seconds())


def critical_paths(seen: Observed) -> list[Finding]:
    """Jobs that the latest twenty runs of a pipeline wait for while its others have time to spare.

    Told of pipelines whose jobs run at once in at least half of the runs (five runs or more), of the job that is on the
    path in at least half of them and without which a run would take at least half a minute less.
    """
    of_pipeline: dict[str, list[Run]] = defaultdict(list)
    for run in pipeline_runs(seen.ended):
        if 2 <= len(run.jobs) <= MOST_JOBS:
            of_pipeline[run.pipeline].append(run)
    found = []
    for pipeline, runs in sorted(of_pipeline.items()):
        recent = runs[-RECENT_RUNS:]
        if len(recent) < FEWEST_RUNS or 2 * sum(r.parallel for r in recent) < len(recent):
            continue
        finding = _longest(pipeline, recent)
        if finding is not None:
            found.append(finding)
    return found


def _longest(pipeline: str, runs: list[Run]) -> Finding | None:
    paths = [critical_path(run) for run in runs]
    saved: dict[str, list[float]] = defaultdict(list)
    for run, path in zip(runs, paths, strict=True):
        for job in path:
            saved[job.name].append(saved_without(run, job.build_id))
    whole = float(np.median([r.seconds for r in runs]))
    often = {name: values for name, values in saved.items() if 2 * len(values) >= len(runs)}
    if not often or whole <= 0:
        return None
    name, values = max(often.items(), key=lambda item: (float(np.median(item[1])), item[0]))
    gain = float(np.median(values))
    severity = PATH.severity(gain / whole)
    if severity is None or gain < SHORTEST_SAVING:
        return None
    spare = _spare(runs, {j.name for path in paths for j in path})
    beside = f"; {spare}" if spare else ""
    text = (
        f"Runs of {pipeline} take {seconds_text(whole)} (median of {plural(len(runs), 'run')}) and wait for {name} in "
        f"{len(values)} of them: without it they would end {seconds_text(gain)} earlier{beside}."
    )
    latest = next(job for path in reversed(paths) for job in path if job.name == name)
    evidence = [
        fact(f"{name} ran {seconds_text(latest.seconds)} on the critical path of its run", "builds", latest.build_id)
    ]
    last = next((run, path) for run, path in zip(reversed(runs), reversed(paths), strict=True) if latest in path)
    chain = " > ".join(f"{j.name} {seconds_text(j.seconds)}" for j in last[1])
    evidence.append(fact(f"path of that run: {chain}", "builds", last[1][0].build_id))
    return Finding(
        kind="critical_path",
        subject=f"{pipeline} / {name}",
        severity=severity,
        description=text,
        value=gain,
        baseline=whole,
        unit="s",
        since=runs[0].begin,
        until=runs[-1].end,
        rule=PATH.rule,
        target=target("run_duration", pipeline),
        evidence=tuple(evidence),
    )


def _spare(runs: Iterable[Run], on_path: set[str]) -> str:
    """The job never on a path with the least slack, in words."""
    times: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        slack = slacks(run)
        for job in run.jobs:
            if job.name not in on_path:
                times[job.name].append(slack[job.build_id])
    if not times:
        return ""
    name, values = min(times.items(), key=lambda item: (float(np.median(item[1])), item[0]))
    return f"{name} beside it has {seconds_text(float(np.median(values)))} to spare"
