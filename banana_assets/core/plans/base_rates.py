"""How often failures go away with no plan acted on, and whether plans do better than that.

People choose what they act on, so the difference between the two is no proof; but a plan's success says nothing at all
without the share that would have gone anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.advice.comparison import FEWEST, newcombe
from banana_assets.core.metrics.rates import Z95, wilson
from banana_assets.core.plans.trial import Failure, History, trial
from banana_assets.core.schema import Type

_BASES: dict[str, Type] = {
    "category": pl.String,
    "horizon_days": pl.Float64,
    "failures": pl.Int64,
    "gone": pl.Int64,
    "unknowable": pl.Int64,
    "rate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
BASES = pl.Schema(_BASES)
"""Base rates: of ``failures`` of a class on which no plan was acted, how many were ``gone`` within the horizon, with
their share and its 95 % Wilson interval. ``unknowable``: too few builds to say, not among ``failures``."""

_COMPARED: dict[str, Type] = {
    "category": pl.String,
    "planned": pl.Int64,
    "fixed": pl.Int64,
    "planned_rate": pl.Float64,
    "planned_low": pl.Float64,
    "planned_high": pl.Float64,
    "unplanned": pl.Int64,
    "gone": pl.Int64,
    "base_rate": pl.Float64,
    "base_low": pl.Float64,
    "base_high": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
}
COMPARED = pl.Schema(_COMPARED)
"""Plans that were acted on beside failures that were left alone, a row a class, ``all`` last."""

ALL = "all"


def went_away(failure: Failure, history: History, start: datetime, end: datetime, known_to: datetime) -> bool | None:
    """Whether a failure that there was at ``start`` was gone by ``end``; None when builds are too few to say.

    It may fail in between; it is gone by ``end`` when it did not fail again up to ``known_to``, and there were enough
    clean builds since it last failed before ``end``. It is not when it failed later, or in the last build before it.
    Where too few builds ran to show either, nothing is said, also not of what failed again.
    """
    within = trial(failure, history, start, end)
    if within is None:
        return None
    whole = trial(failure, history, start, max(known_to, end))
    if whole is None or not whole.tellable:
        return None
    last = within.again[-1].at if within.again else start
    since = trial(failure, history, last, max(known_to, end))
    if since is None:
        return None
    if since.again or (within.again and not within.clean):
        return False
    return True if since.gone else None


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
        seen: dict[str, list[bool | None]] = {}
        for failure in failures:
            if not failure.runs:
                continue
            start = failure.runs[0].at
            acted = begun.get(failure.cluster_id)
            end = start + length
            if end > as_of or (acted is not None and acted < end):
                continue
            known_to = end + length if acted is None else min(end + length, acted)
            for name in (failure.category, ALL):
                seen.setdefault(name, []).append(went_away(failure, history, start, end, known_to))
        rows += [_base(name, days, told) for name, told in seen.items()]
    return pl.DataFrame(rows, schema=BASES).sort("horizon_days", pl.col("category") == ALL, "category")


def _base(category: str, days: float, told: list[bool | None]) -> dict[str, Any]:
    n, gone = sum(t is not None for t in told), sum(t is True for t in told)
    low, high = wilson(gone, n)
    return {
        "category": category,
        "horizon_days": days,
        "failures": n,
        "gone": gone,
        "unknowable": len(told) - n,
        "rate": gone / n if n else None,
        "low": low,
        "high": high,
    }


def compared(outcomes: pl.DataFrame) -> pl.DataFrame:
    """COMPARED out of PLAN_OUTCOMES: does planning help?

    Only plans for failures whose horizon has ended count, and of which enough builds ran to tell either way. Classes are
    compared by Newcombe's interval; ``all`` is the Mantel-Haenszel difference over the classes, so that a plan is
    compared with failures of its own class, with Sato's variance (T. Sato, "On the variance estimator for the
    Mantel-Haenszel risk difference", Biometrics 45, 1989).
    """
    told = outcomes.filter("final", "counts", pl.col("kind") == "failure")
    rows, strata = [], []
    for (category,), group in told.sort("category", "plan_id").group_by("category", maintain_order=True):
        base = group.filter(pl.col("base_n") > 0).sort("horizon_days").head(1)
        n0, gone = (base["base_n"][0], base["base_gone"][0]) if base.height else (0, 0)
        fixed = group.filter(pl.col("outcome") == "fixed").height
        rows.append(_row(str(category), group.height, fixed, n0, gone))
        if n0:
            strata.append((fixed, group.height, gone, n0))
    if rows:
        rows.append(_pooled(strata, told.height, told.filter(pl.col("outcome") == "fixed").height))
    return pl.DataFrame(rows, schema=COMPARED)


def _row(category: str, n: int, fixed: int, n0: int, gone: int) -> dict[str, Any]:
    row = _rates(category, n, fixed, n0, gone) | {"difference": None, "low": None, "high": None}
    if n and n0:
        low, high = newcombe(gone, n0, fixed, n)
        row |= {"difference": fixed / n - gone / n0, "low": low, "high": high}
    return row | {"verdict": _verdict(n, n0, row["low"], row["high"])}


def _pooled(strata: list[tuple[int, int, int, int]], n: int, fixed: int) -> dict[str, Any]:
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


def mantel_haenszel(strata: Iterable[tuple[int, int, int, int]]) -> tuple[float, float]:
    """The risk difference over strata (hits, n, hits of the other arm, its n), and its standard error (Sato)."""
    told = [(a, n1, c, n0, n1 + n0) for a, n1, c, n0 in strata]
    weight = sum(n1 * n0 / n for _, n1, _, n0, n in told)
    difference = sum((a * n0 - c * n1) / n for a, n1, c, n0, n in told) / weight
    p = sum((n1**2 * c - n0**2 * a + n1 * n0 * (n0 - n1) / 2) / n**2 for a, n1, c, n0, n in told)
    q = sum((a * (n0 - c) + c * (n1 - a)) / (2 * n) for a, n1, c, n0, n in told)
    return difference, math.sqrt(max(0.0, difference * p + q)) / weight


def _rates(category: str, n: int, fixed: int, n0: int, gone: int) -> dict[str, Any]:
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
        "gone": gone,
        "base_rate": gone / n0 if n0 else None,
        "base_low": base_low,
        "base_high": base_high,
    }


def _verdict(n: int, n0: int, low: float | None, high: float | None) -> str:
    if n < FEWEST or n0 < FEWEST or low is None or high is None:
        short = [
            f"{FEWEST - k} more {what}"
            for k, what in ((n, "decided plans"), (n0, "failures without a plan"))
            if k < FEWEST
        ]
        return f"too few to tell: needs {' and '.join(short)} at least"
    if low > 0:
        return "failures with a plan that was followed went away more often"
    return "failures with a plan that was followed went away less often" if high < 0 else "no clear difference"
