"""What the builds after a moment say of a failure: whether it came again, or stayed away for longer than by chance."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from banana_assets.core.metrics.runs import ended

CHANCE = 0.05
"""A failure counts as gone when so many clean builds in a row would have been less likely than this, had nothing
changed."""

MOST_PAST = 60
"""Builds of a job that its past failure rate is taken from."""

MOST_NEEDED = 1000

SURROUNDINGS = frozenset(
    {"timeout", "access_error", "out_of_memory", "disk_full", "network_error", "infrastructure_error"}
)
"""Classes of failures that are mended outside the code: the same commit can show it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A build that ended. ``begun`` is ``at`` (its end, or arrival where it has no time) if its start is not known."""

    build_id: str
    place: str
    branch: str
    commit: str | None
    begun: datetime
    at: datetime
    red: bool
    timed: bool


class History:
    """The builds that ended, by job, in order of time."""

    def __init__(self, builds: pl.DataFrame) -> None:
        """``builds`` has the columns of BUILDS."""
        self.runs: dict[str, Run] = {}
        self.by_place: dict[str, list[Run]] = {}
        self.ends: dict[str, list[datetime]] = {}
        place = pl.concat_str("pipeline", "job", separator="/")
        # What is recorded by hand is mostly built from files that are not committed.
        commit = pl.when(pl.col("origin") != "record").then("commit_sha")
        begun = pl.min_horizontal(pl.coalesce("started_at", "at"), "at")
        known = ended(builds).select("build_id", place, "branch", commit, begun.alias("begun"), "at", "red", "timed")
        for row in known.iter_rows():
            run = Run(*row)
            self.runs[run.build_id] = run
            self.by_place.setdefault(run.place, []).append(run)
            self.ends.setdefault(run.place, []).append(run.at)

    def until(self, place: str, moment: datetime) -> Iterator[Run]:
        """The builds of a job that ended by then, the latest first."""
        runs = self.by_place.get(place, [])
        for k in range(bisect_right(self.ends.get(place, []), moment) - 1, -1, -1):
            yield runs[k]

    def between(self, place: str, start: datetime, end: datetime) -> Iterator[Run]:
        """The builds of a job that ended after ``start`` and by ``end``."""
        ends = self.ends.get(place, [])
        yield from self.by_place.get(place, [])[bisect_right(ends, start) : bisect_right(ends, end)]

    def built_after(self, moment: datetime) -> bool:
        """Whether any build ended after that moment."""
        return any(ends[-1] > moment for ends in self.ends.values())


@dataclass(frozen=True)
class Failure:
    """A cluster of failures: its id, class, and the builds that failed so, in order of time."""

    cluster_id: str
    category: str
    runs: tuple[Run, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any], history: History) -> Failure:
        """The failure of a row of FAILURE_CLUSTERS."""
        mine = (history.runs[b] for b in row["builds"] if b in history.runs)
        return cls(row["cluster_id"], row["category"], tuple(sorted(mine, key=lambda r: (r.at, r.build_id))))


@dataclass(frozen=True)
class Past:
    """How often it failed before: ``failures`` of ``builds`` since it first did. ``lines`` are the jobs where, each
    with the branches that count (None: all)."""

    failures: int
    builds: int
    lines: Mapping[str, frozenset[str] | None]

    @property
    def needed(self) -> int:
        """Clean builds in a row that it takes to say that it is gone."""
        return needed(self.failures, self.builds)


@dataclass(frozen=True)
class Trial:
    """The builds after a moment: those that failed so ``again``, the ``clean`` ones since (or since the moment), those
    that failed ``otherwise`` and tell nothing, and the jobs that were ``unseen``: not green since. ``tellable`` tells
    that enough builds ran in each job to show either, whatever they showed: counting what failed again at once, and
    what stayed away only after many builds, would make every rate too low."""

    past: Past
    again: tuple[Run, ...]
    clean: tuple[Run, ...]
    otherwise: int
    unseen: tuple[str, ...]
    tellable: bool

    @property
    def gone(self) -> bool:
        """Whether it stayed away for longer than by chance, in each job."""
        return len(self.clean) >= self.past.needed and not self.unseen

    @property
    def chance(self) -> float:
        """How likely so many clean builds were, had nothing changed."""
        return chance_of_clean(self.past.failures, self.past.builds, len(self.clean))

    @property
    def deciding(self) -> Run | None:
        """The build with which it could be said that it is gone."""
        if not self.gone:
            return None
        left, least = set(self.past.lines), self.past.needed
        for count, run in enumerate(self.clean, 1):
            left.discard(run.place)
            if count >= least and not left:
                return run
        return None

    @property
    def untimed(self) -> int:
        """Builds that carry no time of their own and stand where they arrived."""
        return sum(not r.timed for r in (*self.again, *self.clean))


def past(failure: Failure, history: History, moment: datetime) -> Past | None:
    """How often it failed by that moment; None where it had not failed yet.

    On one branch of a job that branch counts; where it failed on several, all branches of the job do. At most MOST_PAST
    builds of a job, the latest ones, none from before it first failed there. Builds that failed otherwise do not count:
    they may not have come so far.
    """
    before = [r for r in failure.runs if r.at <= moment]
    if not before:
        return None
    branches: dict[str, set[str]] = {}
    for run in before:
        branches.setdefault(run.place, set()).add(run.branch)
    lines = {p: frozenset(b) if len(b) == 1 and "" not in b else None for p, b in branches.items()}
    mine = {r.build_id for r in before}
    failed = seen = 0
    for place, on in lines.items():
        left = sum(r.place == place for r in before)
        told = 0
        for run in history.until(place, moment):
            if not left or told == MOST_PAST:
                break
            if run.build_id in mine:
                left -= 1
                failed += 1
            elif run.red or (on is not None and run.branch not in on):
                continue
            told += 1
        seen += told
    return Past(failed, seen, lines)


def trial(failure: Failure, history: History, start: datetime, end: datetime) -> Trial | None:
    """The builds that began after ``start`` and ended by ``end``; None where it had not failed by ``start``.

    It failed again when the cluster did in one of its jobs, on any branch. A build of a commit on which it had failed
    before says nothing of a change in the code.
    """
    known = past(failure, history, start)
    if known is None:
        return None
    mine = {r.build_id for r in failure.runs}
    old: set[str | None] = set()
    if failure.category not in SURROUNDINGS:
        old = {r.commit for r in failure.runs if r.at <= start} - {None}
    after = sorted(
        (
            run
            for place in known.lines
            for run in history.between(place, start, end)
            if run.begun >= start and run.commit not in old
        ),
        key=lambda r: (r.at, r.build_id),
    )
    again = [r for r in after if r.build_id in mine]
    last = after.index(again[-1]) + 1 if again else 0
    clean = [r for r in after[last:] if not r.red and _counts(known, r)]
    otherwise = sum(r.red and r.build_id not in mine for r in after)
    unseen = sorted(set(known.lines) - {r.place for r in clean})
    telling = [r for r in after if r.build_id in mine or (not r.red and _counts(known, r))]
    tellable = len(telling) >= known.needed and {r.place for r in telling} >= set(known.lines)
    return Trial(known, tuple(again), tuple(clean), otherwise, tuple(unseen), tellable)


def _counts(known: Past, run: Run) -> bool:
    on = known.lines[run.place]
    return on is None or run.branch in on


def came_back(failure: Failure, lines: Sequence[str] | Mapping[str, Any], after: datetime) -> Run | None:
    """The first build that failed so in one of those jobs after a moment."""
    return next((r for r in failure.runs if r.at > after and r.place in lines), None)


def chance_of_clean(failures: int, builds: int, clean: int) -> float:
    """How likely ``clean`` builds in a row are for what failed in ``failures`` of ``builds``, if nothing changed.

    Beta-binomial prediction from Jeffreys' prior, Beta(1/2, 1/2): the rate itself is uncertain, and the more so, the
    fewer builds it was seen in. It falls fast for a failure that was always there; for a well-known rate r it nears
    exp(-r * clean), of which "three over the rate" is the rule of thumb (J. A. Hanley, A. Lippman-Hand, "If nothing
    goes wrong, is everything all right?", JAMA 249, 1983).
    """
    a, b = failures + 0.5, builds - failures + 0.5
    return math.exp(_log_beta(a, b + clean) - _log_beta(a, b))


def needed(failures: int, builds: int) -> int:
    """The fewest clean builds in a row that are less likely than CHANCE; at most MOST_NEEDED."""
    low, high = 1, MOST_NEEDED
    while low < high:
        middle = (low + high) // 2
        if chance_of_clean(failures, builds, middle) <= CHANCE:
            high = middle
        else:
            low = middle + 1
    return low


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
