"""Change points: since when builds take longer or shorter, or fail more or less often.

Each build is judged when it arrives, from it and the ones before, so that a change is told when it could be known, and
told once. What follows only sharpens its figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from banana_assets.core.metrics.rates import Z95, wilson
from banana_assets.core.metrics.runs import ended
from banana_assets.core.tables.metrics import BUILD_CHANGES

Floats = NDArray[np.float64]

LONGEST = 1000
"""Builds of a job that are looked at, the latest."""

WINDOW = 100
"""Builds before the latest ones that they are compared with, at most; never across a change that was found."""

LEAST_BEFORE = 10
ALARMS = ((3, 3.08), (8, 3.7))
"""So many of the latest builds together, this many standard errors from the level before: calibrated on simulated
clean series to .15 alarms in 120 builds (benchmarks/changes.py)."""

SMALLEST = 0.05
"""Shifts of less than 5 % are not told: nobody acts on them."""

CLIP = 2.5
"""What one build can say, in standard deviations: an outlier alone is no change."""

RATE_LEAST_BEFORE = 15
RATE_SPANS = (3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30)
RATE_CHANCE = 3e-3
"""An alarm when the latest builds failed so much more, or less, often by chance only with this probability."""

PRIOR_SPELL, PRIOR_FOLLOWS = 4.0, 0.2
SMALLEST_RATE = 0.05


@dataclass(frozen=True)
class Change:
    """A level that changed.

    ``start`` is the index of the first value at the new level, ``found`` that of the value with which it was told.
    ``before`` and ``after`` are the levels on both sides up to the next changes (medians of durations, shares of
    failures), ``low`` and ``high`` the 95 % interval of after / before for durations, of after - before for failures.
    """

    start: int
    found: int
    before: float
    after: float
    low: float
    high: float


def duration_changes(seconds: Floats, *, told: bool = False) -> list[Change]:
    """Shifts of a job's durations (s, above 0, in order of time), the earliest first.

    Those that later builds did not bear out (an interval that holds no change) are left out, unless all that were
    ``told`` at the time are asked for.

    The last three, and the last eight, log durations are compared with up to a hundred before: their distances from
    the winsorised mean, in units of its deviation grown by the autocorrelation seen there, clipped at 2.5, are added
    up; an alarm is a sum beyond ``ALARMS`` with medians at least 5 % apart. Where the new level began is the best
    single break of ruptures' kernel method. After a change ten builds are needed to know the new level.
    Sources: Killick et al. (2012) and Arlot et al., "A kernel multiple change-point algorithm" (2019), by way of
    C. Truong et al., "Selective review of offline change point detection methods" (2020).
    """
    logs = np.log(np.asarray(seconds, dtype=np.float64))
    starts, found, begin = [], [], 0
    while True:
        now = _first_alarm(logs, begin)
        if now is None:
            break
        begin = _start(logs, begin, now)
        starts.append(begin)
        found.append(now)
    return _with_levels(logs, starts, found, _duration_change, None if told else 1.0)


def rate_changes(failed: NDArray[np.bool_], *, told: bool = False) -> list[Change]:
    """Shifts of the failure rate of builds (in order of time), the earliest first; ``told`` as in ``duration_changes``.

    The failures among the last 3 to 30 builds are compared with all since the last change (fifteen or more): an alarm
    when the Beta-binomial chance of so many, or so few, is below ``RATE_CHANCE``; the span with the smallest chance
    says where the new level began.
    """
    reds = np.asarray(failed, dtype=np.int64)
    total = np.concatenate([[0], np.cumsum(reds)])
    starts, found, begin = [], [], 0
    for now in range(len(reds)):
        spans = np.array([k for k in RATE_SPANS if now + 1 - k - begin >= RATE_LEAST_BEFORE])
        if not len(spans):
            continue
        edge = now + 1 - spans
        hits, before = total[now + 1] - total[edge], total[edge] - total[begin]
        worth = _worth(reds, begin, int(edge.max()))
        chance = _beta_binomial_tail(
            *(np.rint(worth * x).astype(np.int64) for x in (hits, spans, before, edge - begin))
        )
        chance[np.abs(hits / spans - before / (edge - begin)) < SMALLEST_RATE] = 1.0
        best = int(np.argmin(chance))
        if chance[best] < RATE_CHANCE:
            begin = int(edge[best])
            starts.append(begin)
            found.append(now)
    return _with_levels(reds, starts, found, _rate_change, None if told else 0.0)


def build_changes(builds: pl.DataFrame) -> pl.DataFrame:
    """Changes of every job (BUILDS), of its last thousand builds: BUILD_CHANGES.

    ``metric`` is ``duration_seconds`` (successful builds with a duration above 0) or ``failure_ratio`` (all that
    ended). ``since`` is the time of the first build at the new level, ``latest`` whether no later change of that job
    and metric is known, so that ``after`` is the level now. ``low`` and ``high`` as in ``Change``.
    """
    runs = ended(builds)
    rows: list[tuple[object, ...]] = []
    jobs = runs.partition_by("pipeline", "job", as_dict=True)
    for (pipeline, job), group in sorted(jobs.items(), key=lambda item: str(item[0])):
        timed = group.filter(~pl.col("red") & (pl.col("duration_seconds") > 0)).tail(LONGEST)
        all_ended = group.tail(LONGEST)
        durations = duration_changes(timed["duration_seconds"].to_numpy())
        rates = rate_changes(all_ended["red"].to_numpy())
        for metric, mine, changes in (("duration_seconds", timed, durations), ("failure_ratio", all_ended, rates)):
            ends = [*(c.start for c in changes), mine.height]
            for k, c in enumerate(changes):
                begin = ends[k - 1] if k else 0
                told = (mine["at"][c.start], mine["at"][c.found], mine["build_id"][c.start], mine["build_id"][c.found])
                counts = (c.start - begin, ends[k + 1] - c.start, k == len(changes) - 1)
                rows.append((pipeline, job, metric, *told, c.before, c.after, c.low, c.high, *counts))
    return BUILD_CHANGES.conform(
        pl.DataFrame(rows, schema=BUILD_CHANGES.dtypes, orient="row").sort("pipeline", "job", "metric", "since")
    )


def _with_levels(
    values: NDArray[Any],
    starts: list[int],
    found: list[int],
    compare: Callable[[NDArray[Any], NDArray[Any], int, int], Change],
    same: float | None,
) -> list[Change]:
    """The changes with the levels on both sides; without those whose interval holds ``same``, the weakest first."""
    while True:
        ends = [0, *starts, len(values)]
        changes = [
            compare(values[ends[k] : ends[k + 1]], values[ends[k + 1] : ends[k + 2]], start, now)
            for k, (start, now) in enumerate(zip(starts, found, strict=True))
        ]
        void = [k for k, c in enumerate(changes) if same is not None and c.low <= same <= c.high]
        if not void:
            return changes
        least = min(void, key=lambda k: abs(changes[k].after - changes[k].before))
        starts, found = starts[:least] + starts[least + 1 :], found[:least] + found[least + 1 :]


def _first_alarm(logs: Floats, begin: int) -> int | None:
    """The index of the first value with which a new level shows, looking at values from ``begin`` on."""
    values = logs[begin:]
    alarms = [_alarms(values, k, most) for k, most in ALARMS if len(values) >= LEAST_BEFORE + k]
    at = [begin + int(np.argmax(a)) for a in alarms if a.any()]
    return min(at, default=None)


def _alarms(values: Floats, k: int, most: float) -> NDArray[np.bool_]:
    """For each value, whether the last ``k`` and it stand too far from the ones before them."""
    n = len(values)
    padded = np.concatenate([np.full(WINDOW, np.nan), values])
    # Row r holds the up to WINDOW values before index r.
    before = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: n - k + 1]
    latest = np.lib.stride_tricks.sliding_window_view(values, k)
    before, latest = before[LEAST_BEFORE:], latest[LEAST_BEFORE:]
    count = np.minimum(np.arange(LEAST_BEFORE, n - k + 1), WINDOW)
    middle = _medians(before, count)
    deviation = 1.4826 * _medians(np.abs(before - middle[:, None]), count) + 1e-9
    reach = CLIP * deviation[:, None]
    apart = np.clip(before - middle[:, None], -reach, reach)
    level = middle + np.nanmean(apart, axis=1)
    spread = np.maximum(0.85 * deviation, 1.03 * np.nanstd(apart, axis=1)) * (1 + 5 / count)
    z = np.clip((before - level[:, None]) / spread[:, None], -CLIP, CLIP)
    follows = np.nanmean(z[:, 1:] * z[:, :-1], axis=1) / np.maximum(np.nanmean(z * z, axis=1), 1e-9)
    follows = np.clip(follows + 1 / count, 0, 0.8)
    grown = 1 + 2 * sum((1 - j / k) * follows**j for j in range(1, k))
    now = np.clip((latest - level[:, None]) / (spread * np.sqrt(grown))[:, None], -CLIP, CLIP)
    far = np.abs(now.sum(axis=1)) > most * np.sqrt(k * (1 + 1.1 * k / count))
    told = far & (np.abs(np.median(latest, axis=1) - middle) >= np.log1p(SMALLEST))
    return np.concatenate([np.zeros(LEAST_BEFORE + k - 1, dtype=np.bool_), told])


def _medians(rows: Floats, known: NDArray[np.int64]) -> Floats:
    """The median of each row, of which ``known`` values are no NaN."""
    ordered = np.sort(rows, axis=1)
    at = np.arange(len(rows))
    return np.asarray((ordered[at, (known - 1) // 2] + ordered[at, known // 2]) / 2)


def _start(logs: Floats, begin: int, now: int) -> int:
    """The first value at the level that ``now`` shows."""
    import ruptures

    longest = ALARMS[-1][0]
    first = max(begin, now + 1 - WINDOW)
    values = logs[first : now + 1]
    spread = 1.4826 * float(np.median(np.abs(values - np.median(values)))) + 1e-9
    search = ruptures.KernelCPD(kernel="rbf", min_size=2, params={"gamma": 0.1}).fit((values / spread)[:, None])
    at = first + int(search.predict(n_bkps=1)[0])
    return at if now - 2 * longest < at and at - begin >= 2 else now + 1 - ALARMS[0][0]


def _duration_change(old: Floats, new: Floats, start: int, now: int) -> Change:
    before, after = float(np.median(old)), float(np.median(new))
    half = Z95 * float(np.hypot(_median_error(old), _median_error(new)))
    return Change(start, now, *map(float, np.exp([before, after, after - before - half, after - before + half])))


def _median_error(values: Floats) -> float:
    """The standard error of a median, from the values' median deviation."""
    spread = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    n = len(values)
    return 1.2533 * max(spread, 1e-3) * (1 + 3 / n) / float(np.sqrt(n))


def _rate_change(old: NDArray[np.int64], new: NDArray[np.int64], start: int, now: int) -> Change:
    """Interval of the difference by Newcombe's hybrid of two Wilson intervals (1998, method 10)."""
    a, n, b, m = int(old.sum()), len(old), int(new.sum()), len(new)
    before, after = a / n, b / m
    (old_low, old_high), (new_low, new_high) = wilson(a, n), wilson(b, m)
    low = after - before - float(np.hypot(after - new_low, old_high - before))
    high = after - before + float(np.hypot(new_high - after, before - old_low))
    return Change(start, now, before, after, low, high)


def _worth(reds: NDArray[np.int64], begin: int, end: int) -> float:
    """What a build says, 0..1, where failures come in spells: (1 - r) / (1 + r), r how much likelier a failure is after
    a failure, held to what a hundred builds can show."""
    x = reds[begin:end]
    rate, after = x.mean(), x[1:][x[:-1] == 1]
    follows = (after.sum() + PRIOR_SPELL * (rate + (1 - rate) * PRIOR_FOLLOWS)) / (len(after) + PRIOR_SPELL)
    r = min(max((follows - rate) / max(1 - rate, 1e-9), 0.0), 0.9)
    return float((1 - r) / (1 + r))


def _beta_binomial_tail(
    hits: NDArray[np.int64], n: NDArray[np.int64], hits_before: NDArray[np.int64], n_before: NDArray[np.int64]
) -> Floats:
    """Twice the smaller chance of at least, or at most, so many hits of n when the rate is what the n before say."""
    from scipy.special import betaln, gammaln

    a, b = hits_before + 0.5, n_before - hits_before + 0.5
    j = np.arange(int(n.max()) + 1)[None, :]
    inside = j <= n[:, None]
    rest = np.where(inside, n[:, None] - j, 0)
    ways = gammaln(n[:, None] + 1) - gammaln(j + 1) - gammaln(rest + 1)
    chance = np.where(inside, np.exp(ways + betaln(a[:, None] + j, b[:, None] + rest) - betaln(a, b)[:, None]), 0.0)
    more = np.where(j >= hits[:, None], chance, 0.0).sum(axis=1)
    less = np.where(j <= hits[:, None], chance, 0.0).sum(axis=1)
    return np.asarray(2 * np.minimum(more, less))
