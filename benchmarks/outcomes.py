"""Outcomes: histories of builds whose truth is known. Are the share of plans that help, and the share of failures that
go away by themselves, found again?

A store has failures of jobs that are built --builds times a day. A failure is always there (60 %), in half of the
builds (25 %) or in one of five (15 %). Left alone it is gone for good within the horizon of seven days with probability
q, at any time in it. A plan is done up to two days after the first failure; it helps with probability p, and then the
failure is gone from that moment. 40 failures have a plan and 60 have none. Told are, over --stores stores: the mean
share, and how often the 95 % interval holds the truth; the same when each verdict counts, however few builds ran; how
often a plan that does nothing is called fixed; and the difference between both.

    .venv/bin/python benchmarks/outcomes.py [--stores 200] [--builds 4]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.metrics.rates import wilson
from banana_assets.core.plans.base_rates import base_rates, compared
from banana_assets.core.plans.outcomes import STEPS, plan_outcomes
from banana_assets.core.plans.trial import History
from banana_assets.core.plans.types import Plan, Prediction, Subtask
from banana_assets.core.tables import BUILDS, FAILURE_CLUSTERS, OPTIMIZATION_RECOMMENDATIONS, PLANS

T0 = datetime(2026, 3, 2, tzinfo=UTC)
HORIZON, AFTER = 7.0, 9.0
RATES, MIX = np.array([1.0, 0.5, 0.2]), [0.6, 0.25, 0.15]
PLANNED, LEFT = 40, 60


def day(at: float) -> datetime:
    """The moment so many days after the beginning."""
    return T0 + timedelta(days=at)


def one_failure(
    k: int, per_day: float, p: float, q: float, draw: np.random.Generator, mix: Sequence[float]
) -> dict[str, Any]:
    """A failure with its builds; the first PLANNED have a plan."""
    rate = draw.choice(RATES, p=mix)
    begins = draw.uniform(0.5, 2.5)
    planned = k < PLANNED
    helps, heals = draw.random() < p, draw.random() < q
    span = begins + HORIZON + AFTER + 2
    ends = np.sort(draw.uniform(0, span, draw.poisson(per_day * span)))
    red = (ends >= begins) & (draw.random(len(ends)) < rate)
    # Nobody knows of a failure before it shows: time begins with the first red build.
    first = ends[red][0] if red.any() else span
    done = first + draw.uniform(0.1, 2.0)
    until = (done if helps else np.inf) if planned else (first + draw.uniform(0, HORIZON) if heals else np.inf)
    return {"k": k, "planned": planned, "done": done, "ends": ends, "red": red & (ends < until)}


def store(
    per_day: float, p: float, q: float, draw: np.random.Generator, mix: Sequence[float] = MIX
) -> dict[str, pl.DataFrame]:
    """The frames of one store."""
    builds, clusters, plans, steps = [], [], [], []
    for failure in (one_failure(k, per_day, p, q, draw, mix) for k in range(PLANNED + LEFT)):
        name = f"f{failure['k']}"
        ids = [f"{name}-{n}" for n in range(len(failure["ends"]))]
        for ident, end, red in zip(ids, failure["ends"], failure["red"], strict=True):
            builds.append((ident, name, day(end), "failed" if red else "success"))
        mine = [ident for ident, red in zip(ids, failure["red"], strict=True) if red]
        if not mine:
            continue
        clusters.append({"cluster_id": name, "category": "timeout", "builds": mine, "formerly": [], "fingerprints": []})
        first = day(failure["ends"][failure["red"]][0])
        done = day(failure["done"])
        if failure["planned"]:
            step = Subtask("s1", "change", "Mend it.", "It is mended.", 5)
            waits = Prediction(None, "It stops.", first + timedelta(days=HORIZON))
            plans.append(
                Plan(name, "failure", "g", name, "a", (step,), (), "", waits, "p", first, status="completed").row()
            )
            steps.append((name, "s1", "completed", first, done, done))
    frame = pl.DataFrame(builds, schema=["build_id", "job", "finished_at", "status"], orient="row")
    known = {c: pl.lit(None, dtype=t) for c, t in BUILDS.dtypes.items() if c not in frame.columns}
    frame = frame.with_columns(**known).with_columns(
        pipeline=pl.lit("ci"), branch=pl.lit("main"), origin=pl.lit("api"), arrived_at=pl.col("finished_at")
    )
    columns = ("cluster_id", "category", "builds", "formerly", "fingerprints")
    return {
        "plans": PLANS.conform(pl.DataFrame(plans, schema=PLANS.dtypes)),
        "steps": pl.DataFrame(steps, schema=STEPS, orient="row"),
        "builds": frame.with_columns(pl.col("finished_at").cast(BUILDS.dtypes["finished_at"])),
        "clusters": pl.DataFrame(clusters, schema={c: FAILURE_CLUSTERS.dtypes[c] for c in columns}),
    }


class Tally:
    """A share over stores: its mean, and how often its interval held the truth."""

    def __init__(self, truth: float) -> None:
        self.truth = truth
        self.shares: list[float] = []
        self.held: list[bool] = []

    def add(self, hits: float, n: float) -> None:
        """One store's count."""
        if n:
            low, high = wilson(hits, n)
            self.shares.append(hits / n)
            self.held.append(low <= self.truth <= high)

    def text(self) -> str:
        """Both in words."""
        return f"{np.mean(self.shares):.3f} ({np.mean(self.held):.0%})"


def measure(stores: int, per_day: float, p: float, q: float) -> None:
    """Print what is found of one pair of truths."""
    plans, every, bases = Tally(p), Tally(p), Tally(q)
    held, decided, unknown = [], 0, 0
    for seed in range(stores):
        told = store(per_day, p, q, np.random.default_rng(1000 + seed))
        frame = plan_outcomes(**told, recommendations=OPTIMIZATION_RECOMMENDATIONS.empty(), as_of=day(99))
        for tally, counted in ((plans, frame.filter("counts")), (every, frame)):
            fixed, again = ((counted["outcome"] == word).sum() for word in ("fixed", "recurred"))
            tally.add(fixed, fixed + again)
        decided += frame.filter("counts").height
        unknown += frame.filter(pl.col("outcome") == "unknowable").height
        begun = dict(frame.select("cluster_id", "begun_at").iter_rows())
        row = base_rates(told["clusters"], History(told["builds"]), begun, day(99), [7]).row(0, named=True)
        bases.add(row["rate"] * row["weight"], row["weight"])
        overall = compared(frame)
        if overall.height and overall["low"][-1] is not None:
            held.append(overall["low"][-1] <= p - q <= overall["high"][-1])
    print(
        f"{per_day:4g} a day  p {p:.2f}: {plans.text()}, each verdict {every.text()}  q {q:.2f}: {bases.text()}  "
        f"p - q held {np.mean(held):.0%}  told {decided / stores:.0f}, unknowable {unknown / stores:.0f} of {PLANNED}"
    )


def useless(stores: int, per_day: float) -> None:
    """Print how often a plan that does nothing is called fixed, by how often the failure shows."""
    rows = []
    for rate in RATES:
        alone = [float(r == rate) for r in RATES]
        fixed = told = 0
        for seed in range(stores):
            frames = store(per_day, 0.0, 0.0, np.random.default_rng(9000 + seed), alone)
            frame = plan_outcomes(**frames, recommendations=OPTIMIZATION_RECOMMENDATIONS.empty(), as_of=day(99))
            fixed += frame.filter(pl.col("outcome") == "fixed").height
            told += frame.height
        rows.append(f"{fixed / told:.1%} of {told:,} in {rate:.0%} of builds")
    print(f"{per_day:4g} a day  plans that do nothing, called fixed: " + ", ".join(rows))


def main() -> None:
    """Measure several truths, with many builds and with few."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", type=int, default=200)
    parser.add_argument("--builds", type=float, nargs="*", default=[4.0, 1.0])
    asked = parser.parse_args()
    begun = time.process_time()
    print("share found (how often the 95 % interval held the truth)")
    for per_day in asked.builds:
        for p, q in ((0.9, 0.3), (0.6, 0.3), (0.3, 0.3), (0.5, 0.7)):
            measure(asked.stores, per_day, p, q)
        useless(max(1, asked.stores // 5), per_day)
    print(f"{time.process_time() - begun:.0f} CPU seconds")


if __name__ == "__main__":
    main()
