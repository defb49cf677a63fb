"""The points that a window of builds loses, for its builds as they are and for what they might as well have been.

Chance is drawn by the Bayesian bootstrap: each build gets a weight from the exponential distribution. Builds that were
not seen get weights as well, which makes each share a Beta posterior: those of the fitted prior for failures, and at
least Jeffreys' for all, since what did not happen in a few builds may happen yet.
D. B. Rubin, "The Bayesian bootstrap", Annals of Statistics 9 (1981).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from banana_assets.core.metrics.changes import LONGEST, WINDOW, duration_changes
from banana_assets.core.metrics.rates import JEFFREYS, BetaPrior
from banana_assets.core.metrics.slowdown import halves, mann_whitney_greater

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

RECENT_BUILDS = 50
RECENT_SECONDS = 30 * 86400.0

POINTS = {"failures": 50.0, "red": 20.0, "slower": 15.0, "flaky": 10.0, "repeated": 5.0}
FLAKY_ALL = 0.2
"""The share of builds with a flaky test at which all points for it are lost."""

SLOWER_LEAST, SLOWER_P = 1.1, 0.01
SLOWER_FEWEST = 5
"""Builds since a change point at least: fewer prove little."""

SHORTEST = 1e-3
"""Seconds: what took less counts as that, since change points are those of logarithms."""


@dataclass(frozen=True)
class History:
    """The ended builds of a pipeline in order of time, an array each.

    ``at`` in seconds; ``line`` numbers the lines (a job on a branch); ``current`` is false for builds that others of
    their line overtook; ``flaky`` of ``tested`` builds; ``again`` (the fingerprint had failed before) of ``known``
    failures; ``durations``: job to (places of its successful builds with a duration, the durations in s).
    """

    at: Floats
    red: Flags
    line: NDArray[np.int64]
    current: Flags
    tested: Flags
    flaky: Flags
    known: Flags
    again: Flags
    durations: Mapping[str, tuple[NDArray[np.int64], Floats]]

    @cached_property
    def rises(self) -> Mapping[str, list[tuple[int, int]]]:
        """Change points upwards of each job: the first build at the new level, and the one with which it was told.

        Both count the job's durations. Those that later builds did not bear out are left out.
        """
        found = {}
        for job, (_, seconds) in self.durations.items():
            first = max(0, len(seconds) - LONGEST)
            changes = duration_changes(np.maximum(seconds[first:], SHORTEST))
            found[job] = [(first + c.start, first + c.found) for c in changes if c.after > c.before]
        return found

    def window(self, end: int) -> Window:
        """The last 50 builds before place ``end``, none older than 30 days before the last of them."""
        first = int(np.searchsorted(self.at, self.at[end - 1] - RECENT_SECONDS, "left"))
        return Window(self, max(0, end - RECENT_BUILDS, first), end)


@dataclass(frozen=True)
class Slowing:
    """A job that became slower: median seconds of its last builds and of those before, both as they are."""

    job: str
    now: Floats
    before: Floats
    last: int

    @property
    def ratio(self) -> float:
        """By how much it takes longer."""
        return float(np.median(self.now) / np.median(self.before))


@dataclass(frozen=True)
class Window:
    """Builds ``first`` to ``end`` (excluded) of a history."""

    history: History
    first: int
    end: int

    @property
    def builds(self) -> int:
        """How many they are."""
        return self.end - self.first

    def points(
        self, prior: BetaPrior, draws: int = 0, seed: int = 0, *, least: float = JEFFREYS.a
    ) -> dict[str, Floats]:
        """Points lost to each of POINTS: row 0 as the builds are, then ``draws`` rows by chance.

        ``least`` is the least weight of builds that were not seen, of each kind.
        """
        n, chance = self.builds, np.random.default_rng(seed)
        weights = np.vstack([np.ones(n), chance.standard_exponential((draws, n))])

        def unseen(hits: float, misses: float) -> tuple[Floats, Floats]:
            """Weights of builds that were not seen, that hit and that did not: these, and by chance."""
            hit, missed = (np.concatenate([[k], chance.standard_gamma(max(k, least), draws)]) for k in (hits, misses))
            return hit, missed

        part = slice(self.first, self.end)
        of, total = self.history, weights.sum(axis=1)
        failing, passing = unseen(prior.a, prior.b)
        red, green = unseen(0.0, 0.0)
        flaky, repeated = (
            _ratio(weights @ hits[part] + hit, weights @ known[part] + (hit + missed) * known[part].any())
            for hits, known in ((of.flaky, of.tested), (of.again, of.known))
            for hit, missed in [unseen(0.0, 0.0)]
        )
        return {
            "failures": POINTS["failures"] * (weights @ of.red[part] + failing) / (total + failing + passing),
            "red": POINTS["red"] * (self._red(weights) * total + red) / (total + red + green),
            "slower": POINTS["slower"] * self._slower(chance, draws),
            "flaky": POINTS["flaky"] * np.minimum(1.0, flaky / FLAKY_ALL),
            "repeated": POINTS["repeated"] * repeated,
        }

    @cached_property
    def stays(self) -> Floats:
        """How long (s) each build stood for its line: to the line's next one or to the window's end."""
        part = slice(self.first, self.end)
        at, line, current = self.history.at[part], self.history.line[part], self.history.current[part]
        stays = np.zeros(self.builds)
        places = np.flatnonzero(current)
        order = places[np.argsort(line[places], kind="stable")]
        ends = np.full(len(order), at[-1])
        same = line[order][1:] == line[order][:-1]
        ends[:-1][same] = at[order][1:][same]
        stays[order] = ends - at[order]
        return stays

    @cached_property
    def lines(self) -> NDArray[np.int64]:
        """The lines that have builds here."""
        return np.unique(self.history.line[self.first : self.end])

    @cached_property
    def _member(self) -> Floats:
        member: Floats = (self.history.line[self.first : self.end, None] == self.lines[None, :]).astype(np.float64)
        return member

    @cached_property
    def red_now(self) -> Flags:
        """Which of the lines are red at the window's end."""
        part = slice(self.first, self.end)
        red, line = self.history.red[part], self.history.line[part]
        standing = self.history.current[part]
        last = [np.flatnonzero((line == one) & standing) for one in self.lines]
        return np.array([bool(len(places)) and bool(red[places[-1]]) for places in last])

    def red_shares(self, weights: Floats) -> tuple[Floats, Floats]:
        """For each row of weights and each line: the share of its time in which it was red, and its share of builds."""
        stays = weights * self.stays
        total = stays @ self._member
        red = (stays * self.history.red[self.first : self.end]) @ self._member
        share = np.where(total > 0, red / np.where(total > 0, total, 1.0), self.red_now)
        # A line that turned red with its very last build has no width there, yet it is red now.
        share = np.where(self.red_now, np.maximum(share, 1.0 / self.builds), share)
        return share, (weights @ self._member) / weights.sum(axis=1, keepdims=True)

    def _red(self, weights: Floats) -> Floats:
        share, of = self.red_shares(weights)
        total: Floats = (share * of).sum(axis=1)
        return total

    @cached_property
    def slowing(self) -> Slowing | None:
        """The job that slowed down the most, where one did for sure."""
        worst: Slowing | None = None
        for job, (places, seconds) in sorted(self.history.durations.items()):
            upto = int(np.searchsorted(places, self.end, "left"))
            for parts in (self._since_rise(job, upto), halves(seconds[:upto])):
                if parts is None or not _longer(*parts):
                    continue
                found = Slowing(job, *parts, int(places[upto - 1]))
                if worst is None or found.ratio > worst.ratio:
                    worst = found
                break
        return worst

    def _since_rise(self, job: str, upto: int) -> tuple[Floats, Floats] | None:
        """The job's durations since its latest change point upwards, and up to a hundred before.

        None without one that was told by then, with fewer than five builds since, or where it is no news: more than
        fifty builds, or thirty days, ago.
        """
        starts = [start for start, told in self.history.rises[job] if told < upto]
        if not starts or not SLOWER_FEWEST <= upto - starts[-1] <= RECENT_BUILDS:
            return None
        places, seconds = self.history.durations[job]
        if self.history.at[places[starts[-1]]] < self.history.at[self.end - 1] - RECENT_SECONDS:
            return None
        return seconds[starts[-1] : upto], seconds[: starts[-1]][-WINDOW:]

    def _slower(self, chance: np.random.Generator, draws: int) -> Floats:
        found = self.slowing
        if found is None:
            return np.zeros(draws + 1)
        drawn = [
            np.concatenate([[np.median(part)], np.median(chance.choice(part, (draws, len(part))), axis=1)])
            for part in (found.now, found.before)
        ]
        ratio = drawn[0] / np.maximum(drawn[1], 1e-9)
        share: Floats = np.clip(np.log2(np.maximum(ratio, 1e-9)), 0.0, 1.0)
        return share


def _longer(now: Floats, before: Floats) -> bool:
    """Whether durations now are longer than before by more than a tenth, and not by chance."""
    middle = float(np.median(before))
    if middle <= 0 or float(np.median(now)) / middle <= SLOWER_LEAST:
        return False
    return mann_whitney_greater(now, before) < SLOWER_P


def _ratio(hits: Floats, of: Floats) -> Floats:
    found: Floats = np.where(of > 0, hits / np.where(of > 0, of, 1.0), 0.0)
    return found
