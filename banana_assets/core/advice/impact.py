"""How much a recommendation is worth, 0 to 10, with the figures it was estimated from.

One scale for all: 10 times the square root of a share of what there is to gain, so that 1 % gives 1, 4 % gives 2, a
quarter 5 and all of it 10. The root is there because shares of everything are small and differ by powers of ten.
For builds the share is of all the time that builds waited and ran; for logs, of what asks for attention.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

import polars as pl

from banana_assets.core.advice.observed import Observed
from banana_assets.core.metrics.rates import Z80, wilson

RECENT_DAYS = 30
SEVERITY_WEIGHT = {"low": 0.1, "medium": 0.25, "high": 0.5, "critical": 1.0}


class Part(TypedDict):
    """A figure of a formula (``core.tables.advice.PART``)."""

    name: str
    value: float
    unit: str


def part(name: str, value: float, unit: str = "1") -> Part:
    """A named figure; ``1`` is the unit of a share."""
    return {"name": name, "value": float(value), "unit": unit}


@dataclass(frozen=True)
class Impact:
    """A score with the formula and the figures in it, whose product is the share."""

    score: float
    method: str
    parts: tuple[Part, ...]


def of_shares(what: str, *parts: Part) -> Impact:
    """10 times the root of the product of these shares; ``what`` says what the product is the share of."""
    share = math.prod(min(1.0, max(0.0, p["value"])) for p in parts)
    names = " x ".join(p["name"] for p in parts)
    return Impact(round(10 * math.sqrt(share), 2), f"10 x sqrt({names}): {what}", parts)


BUILD_TIME = "share of the time that all builds waited and ran, which it would save"


@dataclass(frozen=True)
class BuildTime:
    """The time (s) that builds of the latest thirty days waited and ran, by pipeline and job; without times a build
    counts as one second, so that shares are shares of builds."""

    by_job: dict[tuple[str, str], float]

    @classmethod
    def of(cls, seen: Observed) -> BuildTime:
        """The time in these builds."""
        timed = seen.timed
        if not timed.height:
            return cls({})
        last = timed["at"].max()
        recent = timed.filter(pl.col("at") >= pl.lit(last) - timedelta(days=RECENT_DAYS))
        spent = recent.with_columns(
            spent=pl.when(pl.col("duration_seconds").is_null() & pl.col("wait").is_null())
            .then(1.0)
            .otherwise(pl.col("duration_seconds").fill_null(0) + pl.col("wait").fill_null(0))
        )
        summed = spent.group_by("pipeline", "job").agg(pl.col("spent").sum())
        return cls({(p, j): float(s) for p, j, s in summed.sort("pipeline", "job").iter_rows()})

    def share(self, pipeline: str, job: str = "") -> Part:
        """The share of a job, or of a whole pipeline."""
        total = sum(self.by_job.values())
        own = sum(s for (p, j), s in self.by_job.items() if p == pipeline and (not job or j == job))
        name = f"{pipeline} / {job}" if job and job != pipeline else pipeline
        return part(f"share of {name or 'the builds'} in all waiting and running time", own / total if total else 1.0)


def at_least(name: str, hits: int, n: int) -> Part:
    """The lower end of the 80 % Wilson interval of a share: few observations prove little."""
    return part(f"{name} (at least, {hits} of {n} seen)", wilson(hits, n, Z80)[0])
