"""How often failures go away with no plan acted on, and whether plans do better than that.

People choose what they act on, so the difference between the two is no proof; but a plan's success says nothing at all
without the share that would have gone anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.advice.comparison import FEWEST
from banana_assets.core.metrics.rates import Z95, newcombe, wilson
from banana_assets.core.plans.trial import CHANCE, Failure, History, trial
from banana_assets.core.schema import Type

_BASES: dict[str, Type] = {
    "category": pl.String,
    "horizon_days": pl.Float64,
    "failures": pl.Int64,
    "gone": pl.Int64,
    "weight": pl.Float64,
    "rate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
BASES = pl.Schema(_BASES)
"""Base rates: of ``failures`` of a class on which no plan was acted, so many were certainly ``gone`` within the horizon
and stayed away. ``rate`` is the share (``share_gone``) and its 95 % Wilson interval at ``weight``, how many failures it
rests on once those are discounted of which builds say little."""

_COMPARED: dict[str, Type] = {
    "category": pl.String,
    "planned": pl.Int64,
    "fixed": pl.Int64,
    "planned_rate": pl.Float64,
    "planned_low": pl.Float64,
    "planned_high": pl.Float64,
    "unplanned": pl.Float64,
    "base_rate": pl.Float64,
    "base_low": pl.Float64,
    "base_high": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
}
COMPARED = pl.Schema(_COMPARED)
"""Plans that were acted on beside failures that were left alone (``unplanned`` is their weight), a row a class, ``all``
last."""

ALL = "all"
MOST_ROUNDS = 500


def chance_it_is_there(
    failure: Failure, history: History, start: datetime, end: datetime, known_to: datetime
) -> float | None:
    """How likely the builds are if a failure that there was at ``start`` was still there at ``end``: 0 when it failed
    later, 1 when no build says anything; None when it had not failed by ``start``.

    It may fail in between. What counts are the clean builds since it last failed before ``end``, up to ``known_to``.
    """
    within = trial(failure, history, start, end)
    if within is None:
        return None
    since = trial(failure, history, within.again[-1].at if within.again else start, max(known_to, end))
    if since is None:
        return None
    return 0.0 if since.again else since.chance


def base_rates(
    clusters: pl.DataFrame,
    history: History,
    begun: Mapping[str, datetime],
    as_of: datetime,
    horizons: Iterable[float],
) -> pl.DataFrame:
    """BASES by class and for ``all``, for each horizon (days).

    A failure's time begins when it is first seen. ``begun`` is when somebody first acted on a plan for a cluster: one
    whose horizon had not ended by then is left out. So is one whose horizon has not ended ``as_of`` now.
    """
    failures = [Failure.of(row, history) for row in clusters.sort("cluster_id").iter_rows(named=True)]
    rows: list[dict[str, Any]] = []
    for days in sorted(set(horizons)):
        length = timedelta(days=days)
        seen: dict[str, list[float]] = {}
        for failure in failures:
            if not failure.runs:
                continue
            start = failure.runs[0].at
            acted = begun.get(failure.cluster_id)
            end = start + length
            if end > as_of or (acted is not None and acted < end):
                continue
            known_to = end + length if acted is None else min(end + length, acted)
            chance = chance_it_is_there(failure, history, start, end, known_to)
            if chance is not None and chance < 1:
                for name in (failure.category, ALL):
                    seen.setdefault(name, []).append(chance)
        rows += [_base(name, days, told) for name, told in seen.items()]
    return pl.DataFrame(rows, schema=BASES).sort("horizon_days", pl.col("category") == ALL, "category")


def _base(category: str, days: float, chances: list[float]) -> dict[str, Any]:
    rate, weight = share_gone(chances)
    low, high = wilson(rate * weight, weight)
    return {
        "category": category,
        "horizon_days": days,
        "failures": len(chances),
        "gone": sum(0 < c <= CHANCE for c in chances),
        "weight": weight,
        "rate": rate if weight > 0 else None,
        "low": low,
        "high": high,
    }


def share_gone(chances: Sequence[float]) -> tuple[float, float]:
    """The share of failures that are gone, and how many that are known for certain it weighs.

    A failure that was seen again is not gone (chance 0). Of one that was not, builds are so likely (``chances``) were
    it still there: it is gone, or hidden by chance. A rate over those alone that are certain would leave out just those
    that went away and were rarely built, so the share is that of greatest likelihood over all (a mixture cure model:
    J. Berkson, R. Gage, "Survival curve for cancer patients following treatment", JASA 47, 1952), by expectation and
    maximisation; what remains uncertain is taken off the weight (T. Louis, "Finding the observed information matrix
    when using the EM algorithm", JRSS B 44, 1982).
    """
    share = 0.5
    for _ in range(MOST_ROUNDS):
        gone = [share / (share + (1 - share) * c) if c > 0 else 0.0 for c in chances]
        last, share = share, sum(gone) / len(gone)
        if abs(last - share) < 1e-9:
            break
    spread = share * (1 - share)
    if spread < 1e-9:
        return share, sum(1 - c for c in chances)
    return share, sum(max(0.0, 1 - g * (1 - g) / spread) for g in gone)


def compared(outcomes: pl.DataFrame) -> pl.DataFrame:
    """COMPARED out of PLAN_OUTCOMES: does planning help?

    Only plans for failures whose horizon has ended count, and of which enough builds ran to tell either way. Classes
    are compared by Newcombe's interval; ``all`` is the Mantel-Haenszel difference over the classes, so that a plan is
    compared with failures of its own class, with Sato's variance (T. Sato, "On the variance estimator for the
    Mantel-Haenszel risk difference", Biometrics 45, 1989).
    """
    told = outcomes.filter("final", "counts", pl.col("kind") == "failure")
    rows, strata = [], []
    for (category,), group in told.sort("category", "plan_id").group_by("category", maintain_order=True):
        base = group.filter(pl.col("base_weight") > 0).sort("horizon_days").head(1)
        n0 = base["base_weight"][0] if base.height else 0.0
        gone = n0 * base["base_rate"][0] if base.height else 0.0
        fixed = group.filter(pl.col("outcome") == "fixed").height
        rows.append(_row(str(category), group.height, fixed, n0, gone))
        if n0:
            strata.append((fixed, group.height, gone, n0))
    if rows:
        rows.append(_pooled(strata, told.height, told.filter(pl.col("outcome") == "fixed").height))
    return pl.DataFrame(rows, schema=COMPARED)


def _row(category: str, n: int, fixed: int, n0: float, gone: float) -> dict[str, Any]:
    row = _rates(category, n, fixed, n0, gone) | {"difference": None, "low": None, "high": None}
    if n and n0:
        low, high = newcombe(gone, n0, fixed, n)
        row |= {"difference": fixed / n - gone / n0, "low": low, "high": high}
    return row | {"verdict": _verdict(n, n0, row["low"], row["high"])}


def _pooled(strata: list[tuple[int, int, float, float]], n: int, fixed: int) -> dict[str, Any]:
    n1, x1 = sum(s[1] for s in strata), sum(s[0] for s in strata)
    n0, x0 = sum(s[3] for s in strata), sum(s[2] for s in strata)
    row = _rates(ALL, n, fixed, n0, x0) | {"difference": None, "low": None, "high": None}
    if len(strata) == 1:
        low, high = newcombe(x0, n0, x1, n1)
        row |= {"difference": x1 / n1 - x0 / n0, "low": low, "high": high}
    elif strata:
        difference, error = mantel_haenszel(strata)
        low, high = max(-1.0, difference - Z95 * error), min(1.0, difference + Z95 * error)
        row |= {"difference": difference, "low": low, "high": high}
    return row | {"verdict": _verdict(n1, n0, row["low"], row["high"])}


def mantel_haenszel(strata: Iterable[tuple[float, float, float, float]]) -> tuple[float, float]:
    """The risk difference over strata (hits, n, hits of the other arm, its n), and its standard error (Sato)."""
    told = [(a, n1, c, n0, n1 + n0) for a, n1, c, n0 in strata]
    weight = sum(n1 * n0 / n for _, n1, _, n0, n in told)
    difference = sum((a * n0 - c * n1) / n for a, n1, c, n0, n in told) / weight
    p = sum((n1**2 * c - n0**2 * a + n1 * n0 * (n0 - n1) / 2) / n**2 for a, n1, c, n0, n in told)
    q = sum((a * (n0 - c) + c * (n1 - a)) / (2 * n) for a, n1, c, n0, n in told)
    return difference, math.sqrt(max(0.0, difference * p + q)) / weight


def _rates(category: str, n: int, fixed: int, n0: float, gone: float) -> dict[str, Any]:
    low, high = wilson(fixed, n)
    base_low, base_high = wilson(gone, n0)
    return {
        "category": category,
        "planned": n,
        "fixed": fixed,
        "planned_rate": fixed / n if n else None,
        "planned_low": low,
        "planned_high": high,
        "unplanned": n0,
        "base_rate": gone / n0 if n0 else None,
        "base_low": base_low,
        "base_high": base_high,
    }


def _verdict(n: int, n0: float, low: float | None, high: float | None) -> str:
    if n < FEWEST or n0 < FEWEST or low is None or high is None:
        short = [
            f"{math.ceil(FEWEST - k)} more {what}"
            for k, what in ((n, "decided plans"), (n0, "failures without a plan"))
            if k < FEWEST
        ]
        return f"too few to tell: needs {' and '.join(short)} at least"
    if low > 0:
        return "failures with a plan that was followed went away more often"
    return "failures with a plan that was followed went away less often" if high < 0 else "no clear difference"
