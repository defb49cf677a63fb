"""Which templates there should be: those of plans that worked, one a shape, no more than are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from banana_assets.core.plans.placeholders import names_of
from banana_assets.core.plans.template_counts import standing
from banana_assets.core.plans.templates import Template, alike, joined, of_plan

DECIDED = ("fixed", "recurred")


@dataclass(frozen=True)
class Rules:
    """The settings: whether templates are made at all, from which scores of a plan on, and how many are kept."""

    make: bool = True
    least_optimization: float = 0.7
    least_efficiency: float = 0.6
    most: int = 100


@dataclass(frozen=True)
class Growth:
    """What to keep (new or changed), and the ids of what to let go, which come back when they are better again.
    ``below`` counts plans that were fixed and scored too low."""

    keep: tuple[Template, ...]
    drop: tuple[str, ...]
    below: int


def grown(
    known: Sequence[Template],
    deleted: Sequence[Template],
    plans: pl.DataFrame,
    outcomes: pl.DataFrame,
    clusters: pl.DataFrame,
    failures: pl.DataFrame,
    builds: pl.DataFrame,
    rules: Rules,
    at: datetime,
) -> Growth:
    """The templates that follow from PLANS and PLAN_OUTCOMES, beside those that are ``known``.

    Every decided plan of a template's shape is told to it, whatever came of it; only a fixed one that scored well makes
    a new one, and what people ``deleted`` is not made anew. Over ``rules.most``, those expected to work least often go,
    imported ones never; and so does one of which no plan stays fixed, once its builds are known better.
    """
    if not rules.make:
        return Growth((), (), 0)
    rows = {c["cluster_id"]: c for c in clusters.iter_rows(named=True)}
    diagnoses = {f["build_id"]: f for f in failures.iter_rows(named=True)}
    places = {b["build_id"]: b for b in builds.select("build_id", "pipeline", "job", "command").iter_rows(named=True)}
    decided = outcomes.filter(pl.col("outcome").is_in(DECIDED), pl.col("cluster_id").is_not_null())
    told = {o["plan_id"]: o for o in decided.sort("decided_at", "plan_id").iter_rows(named=True)}
    by_id = {p["plan_id"]: p for p in plans.filter(pl.col("plan_id").is_in(list(told))).iter_rows(named=True)}
    now = {t.template_id: t for t in known}
    below = 0
    # Fixed ones first: they make the templates that the others are told to.
    for outcome in sorted(told.values(), key=lambda o: o["outcome"] != "fixed"):
        plan, cluster = by_id.get(outcome["plan_id"]), rows.get(outcome["cluster_id"])
        if plan is None or cluster is None or not plan["subtasks"]:
            continue
        shape = _drawn(plan, cluster, diagnoses, places, at)
        home = now.get(plan["template_id"] or "") or alike(shape, now.values())
        if home is not None:
            now[home.template_id] = joined(home, shape, at)
        elif outcome["outcome"] == "fixed" and alike(shape, deleted) is None:
            if scored(plan, rules):
                now[shape.template_id] = shape
            else:
                below += 1
    drop = _dropped(list(now.values()), plans, outcomes, rules)
    before = {t.template_id: t for t in known}
    keep = tuple(t for t in now.values() if t.template_id not in drop and before.get(t.template_id) != t)
    return Growth(keep, tuple(sorted(set(before) & drop)), below)


def scored(plan: Mapping[str, Any], rules: Rules) -> bool:
    """Whether a plan scored well enough to become a template."""
    best, frugal = plan["optimization_score"], plan["resource_efficiency"]
    return (
        best is not None
        and frugal is not None
        and best >= rules.least_optimization
        and frugal >= rules.least_efficiency
    )


def _drawn(
    plan: Mapping[str, Any],
    cluster: Mapping[str, Any],
    diagnoses: Mapping[str, Mapping[str, Any]],
    places: Mapping[str, Mapping[str, Any]],
    at: datetime,
) -> Template:
    cited = [c["build_id"] for step in plan["subtasks"] for c in step["citations"] if c["build_id"] in diagnoses]
    build = cited[0] if cited else cluster["last_build"]
    failure = diagnoses.get(build, {})
    return of_plan(plan, cluster, failure, names_of(cluster, failure, places.get(build, {})), at)


def _dropped(now: Sequence[Template], plans: pl.DataFrame, outcomes: pl.DataFrame, rules: Rules) -> set[str]:
    fixed = set(outcomes.filter(pl.col("outcome") == "fixed")["plan_id"])
    used = set(outcomes.filter(pl.col("outcome") == "fixed").drop_nulls("template_id")["template_id"])
    made = [t for t in now if t.origin == "plans"]
    fallen = {t.template_id for t in made if not fixed & set(t.plans) and t.template_id not in used}
    left = [t for t in made if t.template_id not in fallen]
    room = max(0, rules.most - (len(now) - len(made)))
    ranked = standing(left, plans, outcomes)["template_id"].to_list()
    return fallen | set(ranked[room:])
